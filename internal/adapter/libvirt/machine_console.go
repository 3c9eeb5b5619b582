package libvirt

import (
	"context"
	"slices"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"
)

// Graphical consoles.
const (
	graphicsNone  = "none"
	graphicsVNC   = "vnc"
	graphicsSpice = "spice"
)

// boot sets what the machine starts from.
func (c *change) boot() {
	c.text(&c.doc.OS.Kernel, pick(c, c.own.Kernel, c.was.Kernel, ""), "libvirt.kernel")
	c.text(&c.doc.OS.Initrd, pick(c, c.own.Initrd, c.was.Initrd, ""), "libvirt.initrd")
	c.text(&c.doc.OS.Cmdline, pick(c, c.own.CommandLine, c.was.CommandLine, ""), "libvirt.command_line")
	if c.own.BootOrder == nil && c.was.BootOrder == nil && !c.fresh {
		return
	}
	order := c.own.BootOrder
	if order == nil {
		order = []string{"hd"}
	}
	if slices.Equal(order, bootOrder(c.doc)) {
		return
	}
	c.doc.OS.BootDevices = nil
	for _, dev := range order {
		c.doc.OS.BootDevices = append(c.doc.OS.BootDevices, libvirtxml.DomainBootDevice{Dev: dev})
	}
	c.needsOff("libvirt.boot_order")
}

func bootOrder(doc *libvirtxml.Domain) []string {
	var order []string
	for _, b := range doc.OS.BootDevices {
		order = append(order, b.Dev)
	}
	return order
}

// text sets a text of the document that counts at the next start.
func (c *change) text(at, want *string, path string) {
	if want != nil && *want != *at {
		*at = *want
		c.needsOff(path)
	}
}

// console sets the serial console's log and the graphical console.
func (c *change) console() {
	if file := pick(c, c.own.SerialLog, c.was.SerialLog, ""); file != nil && *file != serialLog(c.doc) && len(c.doc.Devices.Serials) > 0 {
		c.doc.Devices.Serials[0].Log = nil
		if *file != "" {
			c.doc.Devices.Serials[0].Log = &libvirtxml.DomainChardevLog{File: *file, Append: "on"}
		}
		for i := range c.doc.Devices.Consoles { // the same device once more
			c.doc.Devices.Consoles[i].Log = c.doc.Devices.Serials[0].Log
		}
		c.needsOff("libvirt.serial_log")
	}
	kind, listen := graphicsOf(c.doc)
	if want := pick(c, c.own.Graphics, c.was.Graphics, graphicsNone); want != nil {
		kind = *want
	}
	if want := pick(c, c.own.GraphicsListen, c.was.GraphicsListen, "127.0.0.1"); want != nil {
		listen = *want
	}
	was, heard := graphicsOf(c.doc)
	if kind != was || kind != graphicsNone && listen != heard {
		c.doc.Devices.Graphics = newGraphics(kind, listen, passwordOf(c.doc))
		if kind == graphicsNone {
			c.doc.Devices.Videos = nil
		}
		c.needsOff(pathOf(kind != was, "libvirt.graphics", "libvirt.graphics_listen"))
	}
	c.graphicsPassword()
}

// graphicsPassword sets the password where a new one is given, and takes it away where none is wanted any more.
func (c *change) graphicsPassword() {
	want := c.own.GraphicsPasswordWO
	if want == nil && c.was.GraphicsPasswordWOVersion != nil && c.own.GraphicsPasswordWOVersion == nil {
		none := ""
		want = &none
	}
	if want == nil || len(c.doc.Devices.Graphics) == 0 || *want == passwordOf(c.doc) {
		return
	}
	g := &c.doc.Devices.Graphics[0]
	switch {
	case g.VNC != nil:
		g.VNC.Passwd = *want
	case g.Spice != nil:
		g.Spice.Passwd = *want
	}
	device := *g
	c.live("change the password of the graphical console", []string{"libvirt", "graphics_password_wo"}, func(ctx context.Context) error {
		text, err := device.Marshal()
		if err != nil {
			return err
		}
		return do(ctx, c.s.client, func(l *libvirt.Libvirt) error {
			return l.DomainUpdateDeviceFlags(c.is.rpc, text, libvirt.DomainDeviceModifyFlags(both))
		})
	})
}

func passwordOf(doc *libvirtxml.Domain) string {
	for _, g := range devicesOf(doc).Graphics {
		switch {
		case g.VNC != nil:
			return g.VNC.Passwd
		case g.Spice != nil:
			return g.Spice.Passwd
		}
	}
	return ""
}

func newGraphics(kind, listen, password string) []libvirtxml.DomainGraphic {
	listeners := []libvirtxml.DomainGraphicListener{{Address: &libvirtxml.DomainGraphicListenerAddress{Address: listen}}}
	switch kind {
	case graphicsVNC:
		return []libvirtxml.DomainGraphic{{VNC: &libvirtxml.DomainGraphicVNC{Port: -1, AutoPort: "yes", Passwd: password, Listeners: listeners}}}
	case graphicsSpice:
		return []libvirtxml.DomainGraphic{{Spice: &libvirtxml.DomainGraphicSpice{AutoPort: "yes", Passwd: password, Listeners: listeners}}}
	}
	return nil
}

// graphicsOf is a document's graphical console and where it listens.
func graphicsOf(doc *libvirtxml.Domain) (kind, listen string) {
	for _, g := range devicesOf(doc).Graphics {
		switch {
		case g.VNC != nil:
			return graphicsVNC, listenOf(g.VNC.Listeners, g.VNC.Listen)
		case g.Spice != nil:
			return graphicsSpice, listenOf(g.Spice.Listeners, g.Spice.Listen)
		}
	}
	return graphicsNone, "127.0.0.1"
}

func listenOf(listeners []libvirtxml.DomainGraphicListener, old string) string {
	for _, l := range listeners {
		if l.Address != nil {
			return l.Address.Address
		}
	}
	return old
}

// serialLog is the file that a document's serial console is written to.
func serialLog(doc *libvirtxml.Domain) string {
	for _, s := range devicesOf(doc).Serials {
		if s.Log != nil {
			return s.Log.File
		}
	}
	return ""
}
