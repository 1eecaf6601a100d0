module example.com/tollgate/billing/sandbox/fidelity

go 1.26.0

require (
	example.com/tollgate v0.0.0
	github.com/getkin/kin-openapi v0.152.0
	github.com/stripe/stripe-mock v0.190.0
)

require (
	github.com/a-h/templ v0.3.977 // indirect
	github.com/go-openapi/jsonpointer v0.22.5 // indirect
	github.com/go-openapi/swag/jsonname v0.25.5 // indirect
	github.com/kr/pretty v0.3.1 // indirect
	github.com/mattn/go-sqlite3 v1.14.53 // indirect
	github.com/oasdiff/yaml v0.1.1 // indirect
	github.com/oasdiff/yaml3 v0.0.14 // indirect
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3 // indirect
	github.com/stripe/stripe-go/v81 v81.4.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace example.com/tollgate => ../../..
