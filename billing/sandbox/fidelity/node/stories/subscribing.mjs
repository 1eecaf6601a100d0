import { afterDraft, day, donePage, newYear, same } from '../player.mjs'

// trial starts a trial of 14 days on a clock, with what is to happen at its end without a card.
async function trial(p, card, ending) {
  const clock = await p.clock()
  const buyer = await p.buyer(card, clock)
  const sub = await p.subscribe(buyer, await p.monthly(2000), {
    trial_period_days: 14, trial_settings: { end_behavior: { missing_payment_method: ending } },
  })
  same("the trial's status", sub.status, 'trialing')
  same("the trial's end", sub.trial_end, newYear + 14 * day)
  const first = await p.latest(sub)
  same("the trial's invoice", first.total, 0)
  same("the trial's invoice's status", first.status, 'paid')
  return { buyer, sub, end: () => p.advance(clock, sub.trial_end + afterDraft) }
}

export const subscribing = {
  async 'subscribe by checkout'(p) {
    const price = await p.monthly(2000)
    let session = await p.stripe.checkout.sessions.create({
      mode: 'subscription', client_reference_id: 'account-1', success_url: donePage, cancel_url: donePage,
      line_items: [{ price: price.id, quantity: 1 }], subscription_data: { metadata: { plan: 'pro' } },
    })
    same("the open session's status", session.status, 'open')
    same("the open session's payment", session.payment_status, 'unpaid')
    same('the amount', session.amount_total, 2000)
    same('having a page', Boolean(session.url), true)
    const card = await p.stripe.paymentMethods.create({
      type: 'card', card: { token: 'tok_visa' },
      billing_details: { email: 'jenny@example.com', name: 'Jenny Rosen' },
    })
    // It does what the button of Checkout's page does, in the way of Stripe's own command line.
    await p.stripe.rawRequest('POST', `/v1/payment_pages/${session.id}/confirm`, {
      payment_method: card.id, expected_amount: session.amount_total,
    })
    session = await p.stripe.checkout.sessions.retrieve(session.id, { expand: ['subscription', 'invoice'] })
    same("the session's status", session.status, 'complete')
    same("the session's payment", session.payment_status, 'paid')
    same("the session's reference", session.client_reference_id, 'account-1')
    same('the buyer', session.customer_details.email, 'jenny@example.com')
    same('the page of a complete session', session.url, null)
    same("the subscription's status", session.subscription.status, 'active')
    same("the subscription's metadata", session.subscription.metadata.plan, 'pro')
    same("the invoice's status", session.invoice.status, 'paid')
    same("the invoice's reason", session.invoice.billing_reason, 'subscription_create')
  },

  async 'subscribe with default_incomplete'(p) {
    let sub = await p.subscribe(await p.buyer(), await p.monthly(2000), {
      payment_behavior: 'default_incomplete', payment_settings: { save_default_payment_method: 'on_subscription' },
      expand: ['latest_invoice.payment_intent'],
    })
    same("the new subscription's status", sub.status, 'incomplete')
    same("the invoice's status", sub.latest_invoice.status, 'open')
    let intent = sub.latest_invoice.payment_intent
    same("the intent's status", intent.status, 'requires_payment_method')
    same('having a client secret', Boolean(intent.client_secret), true)
    intent = await p.stripe.paymentIntents.confirm(intent.id, { payment_method: 'pm_card_visa' })
    same("the confirmed intent's status", intent.status, 'succeeded')
    sub = await p.sub(sub.id)
    same("the subscription's status", sub.status, 'active')
    same('the card that is kept', sub.default_payment_method, intent.payment_method)
  },

  async 'trial that ends in an invoice'(p) {
    const { sub, end } = await trial(p, 'pm_card_visa', 'create_invoice')
    await end()
    same('the status after the trial', (await p.sub(sub.id)).status, 'active')
    const invoice = await p.latest(sub)
    same('the first payment', invoice.amount_paid, 2000)
    same("the invoice's reason", invoice.billing_reason, 'subscription_cycle')
  },

  async 'trial that ends in a pause'(p) {
    const { buyer, sub, end } = await trial(p, '', 'pause')
    await end()
    same('the status after the trial', (await p.sub(sub.id)).status, 'paused')
    await p.swapCard(buyer, 'pm_card_visa')
    const resumed = await p.stripe.subscriptions.resume(sub.id, { billing_cycle_anchor: 'now' })
    same('the status after resuming', resumed.status, 'active')
    same('the payment on resuming', (await p.latest(sub)).amount_paid, 2000)
  },

  async 'trial that ends in a cancellation'(p) {
    const { sub, end } = await trial(p, '', 'cancel')
    await end()
    const ended = await p.sub(sub.id)
    same('the status after the trial', ended.status, 'canceled')
    same('its end', ended.ended_at, newYear + 14 * day)
  },
}
