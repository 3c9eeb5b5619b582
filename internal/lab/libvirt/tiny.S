# A guest of 1.5 KiB for emulated machines of type q35: it does what tests need of an operating system and costs next to
# nothing. It says READY on the first serial port, powers off at the power button, and lets go of PCI devices that are
# to be unplugged.
#
# The file is a boot disk (sector 0 is a boot record that the BIOS loads to 0000:7c00) and a kernel: without the magic
# of Linux's boot protocol, QEMU takes it for one of protocol 0, loads its setup code (sector 1) to 9020:0000 and jumps
# there. Both sectors hold the same code, which runs anywhere. Firmware has to be a BIOS: UEFI boots neither.
#
#   as --32 -o tiny.o tiny.S && objcopy -O binary tiny.o tiny.bin
#
# See docs/specs/acpi_pci_hotplug.txt of QEMU for the ports 0xcc0 to 0xcd3, and the ACPI specification, 4.8.3, for the
# registers of power management; SeaBIOS puts those at 0x600.

	.intel_syntax noprefix
	.code16

	.macro guest
	xor ax, ax
	mov ss, ax
	mov sp, 0x7c00
	mov dx, 0x3fa           # the serial port's FIFO on: room for all of the word
	mov al, 1
	out dx, al
	mov dx, 0x3f8
	.irp letter, 'R', 'E', 'A', 'D', 'Y', 13, 10
	mov al, \letter
	out dx, al
	.endr
1:
	mov dx, 0x602           # PM1_EN: tell of the power button
	in ax, dx
	or ah, 1
	out dx, ax
	mov dx, 0x600           # PM1_STS: was it pressed?
	in ax, dx
	test ah, 1
	jz 2f
	mov dx, 0x604           # PM1_CNT: go to sleep, type 0, which is off
	mov ax, 0x2000
	out dx, ax
2:
	xor ecx, ecx            # every bus that has hot-plug, one after the other
3:
	mov dx, 0xcd0           # which bus is spoken of
	mov eax, ecx
	out dx, eax
	mov dx, 0xcc4           # slots to be unplugged
	in eax, dx
	test eax, eax
	jz 4f
	mov dx, 0xcc8           # eject one of them; the next one at the next tick
	out dx, eax
4:
	inc cx
	cmp cx, 64
	jb 3b
	sti
	hlt                     # until the next tick, 18 in a second
	jmp 1b
	.endm

	guest
	.org 0x1f1
	.byte 1                 # one sector of setup code follows
	.org 0x1fe
	.word 0xaa55
	guest
	.org 0x600              # a last sector: the kernel proper, which is empty
