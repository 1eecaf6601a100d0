package billing

import "example.com/tollgate/models"

// notify owes the mail that a new fact calls for, if any, and returns how many.
func (a *application) notify(fact models.Fact) (int, error) { return 0, nil }
