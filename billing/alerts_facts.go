package billing

import (
	"fmt"
	"slices"
	"time"

	"example.com/tollgate/billing/plan"
	"example.com/tollgate/models"
)

// alertOf raises the alert that a new fact calls for, in the transaction that records it.
func (a *application) alertOf(fact models.Fact) error {
	alert := Alert{Key: fact.ObjectID, AccountID: a.account.ID}
	amount := plan.Money{Amount: fact.Amount, Currency: fact.Currency}.Format("en-US")
	switch fact.Type {
	case FactDisputeOpened:
		var row models.Dispute
		if err := a.tx.Where("customer_id = ? AND stripe_id = ?", a.customer.ID, fact.ObjectID).Take(&row).Error; err != nil {
			return fmt.Errorf("read dispute %s: %w", fact.ObjectID, err)
		}
		if slices.Contains(disputeOver(), row.Status) {
			return nil // it was over by the time it was heard of
		}
		alert.Kind, alert.Subject = AlertDispute, amount+" of "+a.account.Name+", "+answerBy(row.DueBy)
		alert.Detail = row.StripeID + ", reason " + row.Reason + ", status " + row.Status
	case FactNotFinalized:
		alert.Kind, alert.Subject = AlertFinalization, "Invoice "+fact.ObjectID+" of "+a.account.Name
		alert.Detail = fact.FactKey
	case FactRefundFailed:
		alert.Kind, alert.Subject = AlertRefund, amount+" to "+a.account.Name
		alert.Detail = fact.ObjectID
	case FactSecond:
		alert.Kind, alert.Subject = AlertSecond, a.account.Name+" has "+fact.ObjectID+" beside another plan"
		if a.ending[fact.ObjectID] {
			alert.Detail = "It is being ended and refunded."
		}
	default:
		return nil
	}
	return a.RaiseIn(a.tx, alert)
}

// disputeOver are the statuses of a dispute that wants nothing more.
func disputeOver() []string { return []string{"won", "lost", "warning_closed"} }

func answerBy(due *time.Time) string {
	if due == nil {
		return "without a date to answer by"
	}
	return "answer by " + due.UTC().Format("2 January 2006, 15:04 MST")
}

// alertUnknown tells of a subscription that has just become one that the catalog does not know.
func (a *application) alertUnknown(old, row models.Subscription) error {
	if row.UnknownSince == nil || old.UnknownSince != nil || row.EndedAt != nil {
		return nil
	}
	alert := Alert{
		Kind: AlertPrice, Key: row.StripeID, AccountID: a.account.ID,
		Subject: row.StripeID + " of " + a.account.Name, Detail: "status " + row.Status,
	}
	if row.Plan == "" {
		alert.Detail += ", and none of its prices is in the catalog"
	}
	return a.RaiseIn(a.tx, alert)
}
