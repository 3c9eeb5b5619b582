package vcenter

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

// Fault is a failure of some future calls. Exactly one of Status, SOAP, Task, Hang, Cut, CutAfter or, alone or with
// them, Delay says what happens.
type Fault struct {
	Method string // as Calls names it; "" or "*" is every method
	Match  string // only calls whose text contains this, such as an object's id; for Task, the id itself
	Skip   int    // so many calls pass first
	Times  int    // so many calls fail; 0 is one, a negative number is all until ClearFaults

	Status     int                   // an HTTP status instead of an answer
	RetryAfter time.Duration         // with Status
	SOAP       types.BaseMethodFault // the method answers with this fault
	Message    string                // the text of SOAP, of the kind vCenter shows to users
	Task       types.BaseMethodFault // the method starts a task, which fails with this fault
	Hang       bool                  // no answer until the client gives up
	Cut        bool                  // the connection breaks before vCenter sees the call
	CutAfter   bool                  // the connection breaks after vCenter has done the call
	Delay      time.Duration         // before the answer

	hits int
}

// Inject adds faults; the first one added that fits a call applies.
func (s *Server) Inject(faults ...Fault) {
	s.front.mu.Lock()
	defer s.front.mu.Unlock()
	for _, f := range faults {
		s.front.faults = append(s.front.faults, &f)
	}
}

// ClearFaults removes all faults.
func (s *Server) ClearFaults() {
	s.front.mu.Lock()
	defer s.front.mu.Unlock()
	s.front.faults = nil
}

// take counts a call that fits and reports whether the fault applies to it. The front's lock is held.
func (f *Fault) take(name, text string) bool {
	if f.Method != "" && f.Method != "*" && f.Method != name || !strings.Contains(text, f.Match) {
		return false
	}
	f.hits++
	return f.hits > f.Skip && (f.Times < 0 || f.hits <= f.Skip+max(f.Times, 1))
}

// task takes the first fault that makes the task of this call fail.
func (f *front) task(name, id string) types.BaseMethodFault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range f.faults {
		if fault.Task != nil && fault.take(name, id) {
			return fault.Task
		}
	}
	return nil
}

// detail renders a fault as vCenter does: the element's name is the type's name with "Fault" added.
type detail struct{ fault types.BaseMethodFault }

// MarshalXML writes the fault with its own type's name.
func (d detail) MarshalXML(e *xml.Encoder, _ xml.StartElement) error {
	kind := reflect.TypeOf(d.fault).Elem().Name()
	start := xml.StartElement{Name: xml.Name{Local: kind + "Fault"}, Attr: []xml.Attr{
		{Name: xml.Name{Local: "xmlns"}, Value: "urn:vim25"},
		{Name: xml.Name{Local: "xsi:type"}, Value: kind},
	}}
	return e.EncodeElement(d.fault, start)
}

type faultEnvelope struct {
	XMLName xml.Name `xml:"soapenv:Envelope"`
	Env     string   `xml:"xmlns:soapenv,attr"`
	XSD     string   `xml:"xmlns:xsd,attr"`
	XSI     string   `xml:"xmlns:xsi,attr"`
	Code    string   `xml:"soapenv:Body>soapenv:Fault>faultcode"`
	Text    string   `xml:"soapenv:Body>soapenv:Fault>faultstring"`
	Detail  detail   `xml:"soapenv:Body>soapenv:Fault>detail>fault"`
}

func writeFault(w http.ResponseWriter, fault *Fault) {
	text := fault.Message
	if text == "" {
		text = faultText(fault.SOAP)
	}
	out, err := xml.Marshal(faultEnvelope{
		Env: "http://schemas.xmlsoap.org/soap/envelope/", XSD: "http://www.w3.org/2001/XMLSchema",
		XSI: "http://www.w3.org/2001/XMLSchema-instance", Code: "ServerFaultCode", Text: text, Detail: detail{fault.SOAP},
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = w.Write(append([]byte(xml.Header), out...))
}

// faultText is what vCenter says in English for common faults.
func faultText(fault types.BaseMethodFault) string {
	switch f := fault.(type) {
	case *types.NoPermission:
		return "Permission to perform this operation was denied."
	case *types.NotAuthenticated:
		return "The session is not authenticated."
	case *types.InvalidLogin:
		return "Cannot complete login due to an incorrect user name or password."
	case *types.DuplicateName:
		return fmt.Sprintf("The name '%s' already exists.", f.Name)
	case *types.ManagedObjectNotFound:
		return fmt.Sprintf("The object '%s' has already been deleted or has not been completely created", f.Obj)
	case *types.InvalidPowerState:
		return fmt.Sprintf("The attempted operation cannot be performed in the current state (%s).", f.ExistingState)
	}
	return reflect.TypeOf(fault).Elem().Name()
}
