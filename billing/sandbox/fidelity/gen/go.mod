module example.com/tollgate/billing/sandbox/fidelity/gen

go 1.26.0

require github.com/stripe/stripe-mock v0.190.0
