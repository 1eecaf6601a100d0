import { afterDraft, day, month, newYear, refused, same } from '../player.mjs'

// failRenewal takes a subscription to its first renewal, with a card that Stripe accepts and cannot charge.
async function failRenewal(p) {
  const clock = await p.clock()
  const buyer = await p.buyer('pm_card_visa', clock)
  const sub = await p.subscribe(buyer, await p.monthly(2000))
  await p.swapCard(buyer, 'pm_card_chargeCustomerFail')
  await p.advance(clock, newYear + month + afterDraft)
  same('the status', (await p.sub(sub.id)).status, 'past_due')
  const invoice = await p.latest(sub)
  same("the invoice's status", invoice.status, 'open')
  same('the attempts', invoice.attempt_count, 1)
  same('another attempt is planned', invoice.next_payment_attempt > invoice.created, true)
  return { clock, buyer, sub }
}

export const ending = {
  async 'cancel at period end and undo'(p) {
    let sub = await p.subscribe(await p.buyer('pm_card_visa'), await p.monthly(2000))
    sub = await p.stripe.subscriptions.update(sub.id, { cancel_at_period_end: true })
    same('the status', sub.status, 'active')
    same('when it ends', sub.cancel_at, sub.current_period_end)
    same('why', sub.cancellation_details.reason, 'cancellation_requested')
    sub = await p.stripe.subscriptions.update(sub.id, { cancel_at_period_end: false })
    same('when it ends after the undoing', sub.cancel_at, null)
    same('why after the undoing', sub.cancellation_details.reason, null)
  },

  async 'cancel at period end and leave'(p) {
    const clock = await p.clock()
    let sub = await p.subscribe(await p.buyer('pm_card_visa', clock), await p.monthly(2000))
    const first = sub.latest_invoice
    await p.stripe.subscriptions.update(sub.id, {
      cancel_at_period_end: true, cancellation_details: { feedback: 'too_expensive' },
    })
    await p.advance(clock, newYear + month + afterDraft)
    sub = await p.sub(sub.id)
    same('the status', sub.status, 'canceled')
    same('its end', sub.ended_at, newYear + month)
    same('the last invoice', sub.latest_invoice, first)
    same('what was said', sub.cancellation_details.feedback, 'too_expensive')
    const error = await refused(p.stripe.subscriptions.update(sub.id, { cancel_at_period_end: false }))
    same('the refusal', error.message, 'A canceled subscription can only update its cancellation_details and metadata.')
  },

  async 'cancel now with proration'(p) {
    const clock = await p.clock()
    const buyer = await p.buyer('pm_card_visa', clock)
    let sub = await p.subscribe(buyer, await p.monthly(3000))
    await p.advance(clock, newYear + month / 2)
    sub = await p.stripe.subscriptions.cancel(sub.id, { invoice_now: true, prorate: true })
    same('the status', sub.status, 'canceled')
    same('the credit', (await p.latest(sub)).total, -1500)
    same('the balance', (await p.stripe.customers.retrieve(buyer.id)).balance, -1500)
  },

  async 'dunning ends in cancellation'(p) {
    const { clock, sub } = await failRenewal(p)
    await p.advance(clock, newYear + month + 20 * day)
    const ended = await p.sub(sub.id)
    same('the status in the end', ended.status, 'canceled')
    same('why', ended.cancellation_details.reason, 'payment_failed')
    const invoice = await p.latest(sub)
    same("the invoice's status", invoice.status, 'open')
    same('no attempt is planned', invoice.next_payment_attempt, null)
  },

  async 'recovery by a new card'(p) {
    const { buyer, sub } = await failRenewal(p)
    await p.swapCard(buyer, 'pm_card_visa')
    const invoice = await p.stripe.invoices.pay((await p.latest(sub)).id)
    same("the invoice's status", invoice.status, 'paid')
    same('the status', (await p.sub(sub.id)).status, 'active')
  },
}
