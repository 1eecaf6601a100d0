package sandbox

// endCustomerSubscriptions cancels what a customer that is being deleted still subscribes to.
func endCustomerSubscriptions(tx *Tx, customer string) error { return nil }

// startCustomerDiscount applies the coupon or promotion code that a request gives to a customer.
func startCustomerDiscount(tx *Tx, customer Object, p Params) error { return nil }
