import { afterDraft, amounts, day, halfway, month, newYear, same } from '../player.mjs'

// switchTo are the parameters that move a subscription's only item to another price.
const switchTo = (sub, price, behavior) => ({
  items: [{ id: sub.items.data[0].id, price: price.id }], proration_behavior: behavior,
})

export const changing = {
  async 'upgrade invoiced at once'(p) {
    let sub = await p.subscribe(await p.buyer('pm_card_visa'), await p.monthly(1000))
    same('the status', sub.status, 'active')
    sub = await p.stripe.subscriptions.update(sub.id, {
      ...switchTo(sub, await p.monthly(3000), 'always_invoice'), proration_date: halfway(sub),
    })
    const invoice = await p.latest(sub)
    same("the invoice's reason", invoice.billing_reason, 'subscription_update')
    same('half a month back, and half a month anew', amounts(invoice), '-500 1500')
    same('being a proration', invoice.lines.data[0].proration, true)
    same('what was paid', invoice.amount_paid, 1000)
  },

  async 'downgrade by a schedule'(p) {
    const clock = await p.clock()
    const pro = await p.monthly(3000)
    const basic = await p.monthly(1000)
    let sub = await p.subscribe(await p.buyer('pm_card_visa', clock), pro)
    let schedule = await p.stripe.subscriptionSchedules.create({ from_subscription: sub.id })
    same("the schedule's status", schedule.status, 'active')
    same('its phases', schedule.phases.length, 1)
    const { start_date, end_date } = schedule.phases[0]
    schedule = await p.stripe.subscriptionSchedules.update(schedule.id, {
      end_behavior: 'release',
      phases: [
        { items: [{ price: pro.id, quantity: 1 }], start_date, end_date },
        { items: [{ price: basic.id, quantity: 1 }], iterations: 1 },
      ],
    })
    same('the price until then', (await p.sub(sub.id)).items.data[0].price.id, pro.id)
    await p.advance(clock, newYear + month + afterDraft)
    sub = await p.sub(sub.id)
    same('the price afterwards', sub.items.data[0].price.id, basic.id)
    same('the renewal', (await p.latest(sub)).amount_paid, 1000)
    await p.advance(clock, newYear + month + 28 * day + afterDraft)
    same("the schedule's end", (await p.stripe.subscriptionSchedules.retrieve(schedule.id)).status, 'completed')
    same('the status', (await p.sub(sub.id)).status, 'active')
  },

  async seats(p) {
    const buyer = await p.buyer('pm_card_visa')
    const sub = await p.subscribe(buyer, await p.monthly(1000), { quantity: 3 })
    same('three seats', (await p.latest(sub)).amount_paid, 3000)
    const item = await p.stripe.subscriptionItems.update(sub.items.data[0].id, {
      quantity: 5, proration_behavior: 'create_prorations', proration_date: halfway(sub),
    })
    same('the quantity', item.quantity, 5)
    const pending = await p.stripe.invoiceItems.list({ customer: buyer.id, pending: true })
    same('the prorations that wait', pending.data.length, 2)
    same('their sum', pending.data[0].amount + pending.data[1].amount, 1000)
  },

  async 'switch from month to year'(p) {
    let sub = await p.subscribe(await p.buyer('pm_card_visa', await p.clock()), await p.monthly(1000))
    sub = await p.stripe.subscriptions.update(sub.id, switchTo(sub, await p.price(10000, 'year'), 'create_prorations'))
    const invoice = await p.latest(sub)
    same('a month back, and a year anew', amounts(invoice), '-1000 10000')
    same('what was paid', invoice.amount_paid, 9000)
    same('the new period', sub.current_period_end, newYear + 365 * day)
    same('the new anchor', sub.billing_cycle_anchor, newYear)
  },

  async 'pending update'(p) {
    const buyer = await p.buyer('pm_card_visa')
    const pro = await p.monthly(3000)
    let sub = await p.subscribe(buyer, await p.monthly(1000))
    const basic = sub.items.data[0].price.id
    await p.swapCard(buyer, 'pm_card_threeDSecure2Required')
    sub = await p.stripe.subscriptions.update(sub.id, {
      ...switchTo(sub, pro, 'always_invoice'), payment_behavior: 'pending_if_incomplete',
      expand: ['latest_invoice.payment_intent'],
    })
    same('the status', sub.status, 'active')
    same('waiting', Boolean(sub.pending_update), true)
    same('what it waits for', sub.pending_update.subscription_items[0].price.id, pro.id)
    same('the price meanwhile', sub.items.data[0].price.id, basic)
    same("the intent's status", sub.latest_invoice.payment_intent.status, 'requires_action')
    const other = await p.stripe.paymentMethods.attach('pm_card_visa', { customer: buyer.id })
    const invoice = await p.stripe.invoices.pay(sub.latest_invoice.id, { payment_method: other.id })
    same("the invoice's status", invoice.status, 'paid')
    sub = await p.sub(sub.id)
    same('waiting after the payment', Boolean(sub.pending_update), false)
    same('the price after the payment', sub.items.data[0].price.id, pro.id)
  },

  async 'preview equals invoice'(p) {
    const sub = await p.subscribe(await p.buyer('pm_card_visa'), await p.monthly(1099))
    const pro = await p.monthly(2899)
    const proration_date = halfway(sub) - 12345
    const change = { ...switchTo(sub, pro, 'always_invoice'), proration_date }
    const preview = await p.stripe.invoices.createPreview({ subscription: sub.id, subscription_details: change })
    const invoice = await p.latest(await p.stripe.subscriptions.update(sub.id, change))
    same('the lines', amounts(invoice), amounts(preview))
    same('the total', invoice.total, preview.total)
    same('the amount due', invoice.amount_due, preview.amount_due)
    same('the text', invoice.lines.data[0].description, preview.lines.data[0].description)
  },

  async 'pause and resume collection'(p) {
    const clock = await p.clock()
    let sub = await p.subscribe(await p.buyer('pm_card_visa', clock), await p.monthly(2000))
    sub = await p.stripe.subscriptions.update(sub.id, { pause_collection: { behavior: 'void' } })
    same('the status while paused', sub.status, 'active')
    await p.advance(clock, newYear + month + afterDraft)
    same('the invoice while paused', (await p.latest(sub)).status, 'void')
    sub = await p.stripe.subscriptions.update(sub.id, { pause_collection: '' })
    same('being paused', Boolean(sub.pause_collection), false)
    await p.advance(clock, newYear + month + 28 * day + afterDraft)
    same('the invoice afterwards', (await p.latest(sub)).status, 'paid')
  },
}
