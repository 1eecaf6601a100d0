package billing

// customerItself serves events whose object is the customer.
func customerItself(e Event) string { return e.ObjectID }

// customerNamed serves events whose object names its customer. It is empty for an object that
// belongs to nobody, such as a Checkout Session that was never filled in.
func customerNamed(e Event) string { return e.Customer }

// chargeNamed serves events whose object names the charge it is about and no customer, as disputes and
// refunds do. The charge takes the customer's place until matchCharge has found out whose it is.
func chargeNamed(e Event) string {
	if e.Customer != "" {
		return e.Customer
	}
	return e.Charge
}
