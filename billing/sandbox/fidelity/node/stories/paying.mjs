import { donePage, refused, same } from '../player.mjs'

export const paying = {
  async 'setup intent'(p) {
    const buyer = await p.buyer()
    const intent = await p.stripe.setupIntents.create({
      customer: buyer.id, payment_method: 'pm_card_visa', confirm: true, usage: 'off_session',
      payment_method_types: ['card'],
    })
    same('the status', intent.status, 'succeeded')
    const cards = await p.stripe.paymentMethods.list({ customer: buyer.id, type: 'card' })
    same('the cards', cards.data.length, 1)
    same('the card', cards.data[0].id, intent.payment_method)
    same('its last digits', cards.data[0].card.last4, '4242')
    const paid = await p.stripe.paymentIntents.create({
      amount: 2000, currency: 'usd', customer: buyer.id, payment_method: cards.data[0].id, off_session: true,
      confirm: true, payment_method_types: ['card'],
    })
    same('a payment without the customer', paid.status, 'succeeded')
    same('what was received', paid.amount_received, 2000)
  },

  async 'payment intent with 3-D Secure'(p) {
    let intent = await p.stripe.paymentIntents.create({
      amount: 2000, currency: 'usd', confirm: true, payment_method: 'pm_card_threeDSecure2Required',
      return_url: donePage, payment_method_types: ['card'],
    })
    same('the status', intent.status, 'requires_action')
    same('the next step', intent.next_action.type, 'redirect_to_url')
    same('the way back', intent.next_action.redirect_to_url.return_url, donePage)
    same('what was received', intent.amount_received, 0)
    intent = await p.stripe.paymentIntents.cancel(intent.id)
    same('the status once canceled', intent.status, 'canceled')
    const error = await refused(p.stripe.paymentIntents.confirm(intent.id))
    same('confirming it', error.code, 'payment_intent_unexpected_state')
  },

  async 'decline codes'(p) {
    for (const [card, code, decline] of [
      ['pm_card_visa_chargeDeclined', 'card_declined', 'generic_decline'],
      ['pm_card_visa_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
      ['pm_card_visa_chargeDeclinedLostCard', 'card_declined', 'lost_card'],
      ['pm_card_visa_chargeDeclinedStolenCard', 'card_declined', 'stolen_card'],
      ['pm_card_chargeDeclinedExpiredCard', 'expired_card'],
      ['pm_card_chargeDeclinedProcessingError', 'processing_error'],
      ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc'],
    ]) {
      const error = await refused(p.pay(2000, card))
      same(`${card}: the status`, error.statusCode, 402)
      same(`${card}: the type`, error.rawType, 'card_error')
      same(`${card}: the code`, error.code, code)
      if (decline) same(`${card}: the decline code`, error.decline_code, decline)
      same(`${card}: the intent`, error.payment_intent.status, 'requires_payment_method')
    }
  },

  async portal(p) {
    let config = await p.stripe.billingPortal.configurations.create({
      business_profile: { headline: 'Your plan' },
      features: { invoice_history: { enabled: true }, subscription_cancel: { enabled: true, mode: 'at_period_end' } },
    })
    same('being active', config.active, true)
    same('history', config.features.invoice_history.enabled, true)
    same('the way to cancel', config.features.subscription_cancel.mode, 'at_period_end')
    config = await p.stripe.billingPortal.configurations.update(config.id, { default_return_url: donePage })
    same('the way back', config.default_return_url, donePage)
    const buyer = await p.buyer()
    const session = await p.stripe.billingPortal.sessions.create({ customer: buyer.id, configuration: config.id })
    same('having a page', Boolean(session.url), true)
    same('its configuration', session.configuration, config.id)
    same('its way back', session.return_url, donePage)
  },
}
