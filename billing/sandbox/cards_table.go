package sandbox

import (
	"slices"
	"sync"
)

// testCards is the table of all cards that the sandbox knows.
var testCards = sync.OnceValue(func() []TestCard {
	return slices.Concat(successCards(), declineCards(), threeDSCards(), laterCards())
})

func successCards() []TestCard {
	return []TestCard{
		{
			Number: "4242424242424242", Brand: "visa", Label: "Visa", Group: groupSuccess,
			Description: "Every payment succeeds", ID: "pm_card_visa",
		},
		{
			Number: "5555555555554444", Brand: "mastercard", Label: "Mastercard", Group: groupSuccess,
			Description: "Every payment succeeds", ID: "pm_card_mastercard",
		},
		{
			Number: "378282246310005", Brand: "amex", Label: "American Express", Group: groupSuccess,
			Description: "Every payment succeeds", ID: "pm_card_amex",
		},
		{
			Number: "4000000000000077", Brand: "visa", Label: "Funds at once", Group: groupSuccess,
			Description: "The money is available at once", ID: "pm_card_bypassPending",
		},
	}
}

func declineCards() []TestCard {
	expired := &decline{"expired_card", "expired_card", "exp_month", "Your card has expired."}
	cvc := &decline{"incorrect_cvc", "incorrect_cvc", "cvc", "Your card's security code is incorrect."}
	processing := &decline{
		"processing_error", "processing_error", "",
		"An error occurred while processing your card. Try again in a little bit.",
	}
	return []TestCard{
		{
			Number: "4000000000000002", Brand: "visa", Label: "Generic decline", Group: groupDecline,
			Description: "The bank says no", ID: "pm_card_visa_chargeDeclined", decline: declined("generic_decline"),
		},
		{
			Number: "4000000000009995", Brand: "visa", Label: "Insufficient funds", Group: groupDecline,
			Description: "Not enough money", ID: "pm_card_visa_chargeDeclinedInsufficientFunds",
			decline: declined("insufficient_funds"),
		},
		{
			Number: "4000000000009987", Brand: "visa", Label: "Lost card", Group: groupDecline,
			Description: "Reported lost", ID: "pm_card_visa_chargeDeclinedLostCard", decline: declined("lost_card"),
		},
		{
			Number: "4000000000009979", Brand: "visa", Label: "Stolen card", Group: groupDecline,
			Description: "Reported stolen", ID: "pm_card_visa_chargeDeclinedStolenCard",
			decline: declined("stolen_card"),
		},
		{
			Number: "4000000000000069", Brand: "visa", Label: "Expired card", Group: groupDecline,
			Description: "The bank says it has expired", ID: "pm_card_chargeDeclinedExpiredCard", decline: expired,
		},
		{
			Number: "4000000000000127", Brand: "visa", Label: "Incorrect CVC", Group: groupDecline,
			Description: "The security code is wrong", ID: "pm_card_chargeDeclinedIncorrectCvc", decline: cvc,
		},
		{
			Number: "4000000000000119", Brand: "visa", Label: "Processing error", Group: groupDecline,
			Description: "Something broke on the way", ID: "pm_card_chargeDeclinedProcessingError",
			decline: processing,
		},
		{
			Number: "4000000000006975", Brand: "visa", Label: "Velocity limit", Group: groupDecline,
			Description: "Too many attempts", ID: "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
			decline: declined("card_velocity_exceeded"),
		},
		{
			Number: "4100000000000019", Brand: "visa", Label: "Blocked as fraud", Group: groupDecline,
			Description: "The risk check blocks it", ID: "pm_card_radarBlock", decline: declined("fraudulent"),
		},
	}
}

func threeDSCards() []TestCard {
	return []TestCard{
		{
			Number: "4000000000003220", Brand: "visa", Label: "3-D Secure required", Group: groupThreeDS,
			Description: "Asks every time", ID: "pm_card_threeDSecure2Required", auth: authAlways,
		},
		{
			Number: "4000002760003184", Brand: "visa", Label: "Always authenticate", Group: groupThreeDS,
			Description: "Asks every time, renewals too", ID: "pm_card_authenticationRequired", auth: authAlways,
		},
		{
			Number: "4000002500003155", Brand: "visa", Label: "Authenticate on setup", Group: groupThreeDS,
			Description: "Asks once, renewals then succeed", ID: "pm_card_authenticationRequiredOnSetup",
			auth: authUntilSet,
		},
		{
			Number: "4000003800000446", Brand: "visa", Label: "Already set up", Group: groupThreeDS,
			Description: "Asks now, never on renewals", ID: "pm_card_authenticationRequiredSetupForOffSession",
			auth: authOnSession,
		},
		{
			Number: "4000008260003178", Brand: "visa", Label: "Asks, then lacks funds", Group: groupThreeDS,
			Description: "Declined after authentication", auth: authAlways,
			ID:        "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
			afterAuth: declined("insufficient_funds"),
		},
		{
			Number: "4000008400001629", Brand: "visa", Label: "Asks, then declines", Group: groupThreeDS,
			Description: "Declined after authentication", ID: "pm_card_threeDSecureRequiredChargeDeclined",
			auth: authAlways, afterAuth: declined("generic_decline"),
		},
	}
}

func laterCards() []TestCard {
	return []TestCard{
		{
			Number: "4000000000000341", Brand: "visa", Label: "Fails when charged", Group: groupLater,
			Description: "Can be saved, every charge fails", ID: "pm_card_chargeCustomerFail",
			decline: declined("generic_decline"), attaches: true,
		},
		{
			Number: "4000000000000259", Brand: "visa", Label: "Dispute: fraudulent", Group: groupDisputes,
			Description: "Succeeds, then is disputed", ID: "pm_card_createDispute",
		},
		{
			Number: "4000000000002685", Brand: "visa", Label: "Dispute: not received", Group: groupDisputes,
			Description: "Succeeds, then is disputed", ID: "pm_card_createDisputeProductNotReceived",
		},
		{
			Number: "4000000000001976", Brand: "visa", Label: "Inquiry", Group: groupDisputes,
			Description: "Succeeds, then is inquired about", ID: "pm_card_createDisputeInquiry",
		},
		{
			Number: "4000000000005423", Brand: "visa", Label: "Early fraud warning", Group: groupDisputes,
			Description: "Succeeds, then is warned about", ID: "pm_card_createIssuerFraudRecord",
		},
		{
			Number: "4000000000007726", Brand: "visa", Label: "Refund pending", Group: groupDisputes,
			Description: "Refunds start as pending", ID: "pm_card_pendingRefund",
		},
		{
			Number: "4000000000005126", Brand: "visa", Label: "Refund fails", Group: groupDisputes,
			Description: "Refunds fail afterwards", ID: "pm_card_refundFail",
		},
	}
}
