package stories

import (
	"maps"
	"slices"
)

// scripts maps every story to what plays it on stripe-go.
func scripts() map[string]func(*Player) {
	return map[string]func(*Player){
		"subscribe by checkout":             subscribeByCheckout,
		"subscribe with default_incomplete": subscribeIncomplete,
		"trial that ends in an invoice":     trialInvoiced,
		"trial that ends in a pause":        trialPaused,
		"trial that ends in a cancellation": trialCanceled,

		"upgrade invoiced at once":    upgradeAtOnce,
		"downgrade by a schedule":     downgradeBySchedule,
		"seats":                       seats,
		"switch from month to year":   monthToYear,
		"pending update":              pendingUpdate,
		"preview equals invoice":      previewEqualsInvoice,
		"pause and resume collection": pauseCollection,

		"cancel at period end and undo":  cancelAndUndo,
		"cancel at period end and leave": cancelAndLeave,
		"cancel now with proration":      cancelNow,
		"dunning ends in cancellation":   dunning,
		"recovery by a new card":         recovery,

		"refund in full":   refundInFull,
		"refund in parts":  refundInParts,
		"dispute won":      disputeWon,
		"dispute lost":     disputeLost,
		"credit note":      creditNote,
		"customer balance": customerBalance,

		"coupon for once":            couponOnce,
		"coupon for months":          couponMonths,
		"coupon for ever":            couponForever,
		"promotion code with limits": promotionCode,
		"tax rates":                  taxRates,
		"automatic tax":              automaticTax,

		"tiers":         tiers,
		"metered usage": meteredUsage,
		"lookup keys":   lookupKeys,

		"one-off invoice":        oneOffInvoice,
		"void and uncollectible": voidAndUncollectible,
		"test clock":             testClock,

		"setup intent":                   setupIntent,
		"payment intent with 3-D Secure": threeDSecure,
		"decline codes":                  declineCodes,
		"portal":                         portal,

		"auto-paging":      autoPaging,
		"search":           search,
		"expanding":        expanding,
		"idempotency":      idempotency,
		"errors":           apiErrors,
		"metadata":         metadata,
		"webhook endpoint": webhookEndpoint,
		"events":           events,
	}
}

// Told lists the stories that stripe-go has a script for.
func Told() []string { return slices.Sorted(maps.Keys(scripts())) }
