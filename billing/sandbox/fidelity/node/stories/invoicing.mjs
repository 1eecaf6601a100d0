import { afterDraft, day, hour, month, newYear, refused, same } from '../player.mjs'

export const invoicing = {
  async 'one-off invoice'(p) {
    const buyer = await p.buyer('pm_card_visa')
    let invoice = await p.draft(buyer, 2500)
    same("the draft's status", invoice.status, 'draft')
    same("the draft's number", invoice.number, null)
    same('the reason', invoice.billing_reason, 'manual')
    invoice = await p.stripe.invoices.finalizeInvoice(invoice.id)
    same('the status', invoice.status, 'open')
    same('what is due', invoice.amount_due, 2500)
    same('having a page', Boolean(invoice.hosted_invoice_url), true)
    invoice = await p.stripe.invoices.pay(invoice.id)
    same('the status once paid', invoice.status, 'paid')
    same('what was paid', invoice.amount_paid, 2500)
    same('paying again', (await refused(p.stripe.invoices.pay(invoice.id))).message, 'Invoice is already paid')

    let sent = await p.draft(buyer, 1000, { collection_method: 'send_invoice', days_until_due: 30 })
    sent = await p.stripe.invoices.sendInvoice(sent.id)
    same('the status once sent', sent.status, 'open')
    same('the days', (sent.due_date - sent.created) / day, 30)
    sent = await p.stripe.invoices.pay(sent.id, { paid_out_of_band: true })
    same('the status', sent.status, 'paid')
    same('paid elsewhere', sent.paid_out_of_band, true)
  },

  async 'void and uncollectible'(p) {
    const buyer = await p.buyer('pm_card_visa')
    const gone = await p.stripe.invoices.voidInvoice((await p.bill(buyer, 1000)).id)
    same('the status', gone.status, 'void')
    same('paying it', (await refused(p.stripe.invoices.pay(gone.id))).statusCode, 400)
    const bad = await p.stripe.invoices.markUncollectible((await p.bill(buyer, 1000)).id)
    same('the status', bad.status, 'uncollectible')
    same('the status once paid after all', (await p.stripe.invoices.pay(bad.id)).status, 'paid')
    const draft = await p.draft(buyer, 1000)
    same('a deleted draft', (await p.stripe.invoices.del(draft.id)).deleted, true)
    same('deleting another', (await refused(p.stripe.invoices.del(gone.id))).statusCode, 400)
  },

  async 'test clock'(p) {
    const clock = await p.clock()
    same('the status', clock.status, 'ready')
    same('the time', clock.frozen_time, newYear)
    const buyer = await p.buyer('pm_card_visa', clock)
    same("the customer's clock", buyer.test_clock, clock.id)
    const sub = await p.subscribe(buyer, await p.monthly(2000))
    same("the period's end", sub.current_period_end, newYear + month)
    const moving = await p.stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: newYear + month + hour / 2 })
    same('the status on the way', moving.status, 'advancing')
    await p.settled(clock)
    const invoice = await p.latest(sub)
    same('the renewal within its first hour', invoice.status, 'draft')
    same('the reason', invoice.billing_reason, 'subscription_cycle')
    await p.advance(clock, newYear + month + afterDraft)
    same('the renewal', (await p.latest(sub)).status, 'paid')
    same("the next period's end", (await p.sub(sub.id)).current_period_end, newYear + month + 28 * day)
    const back = await refused(p.stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: newYear }))
    same('going back', back.statusCode, 400)
    same('being deleted', (await p.stripe.testHelpers.testClocks.del(clock.id)).deleted, true)
    same('the customer of a deleted clock', (await p.stripe.customers.retrieve(buyer.id)).deleted, true)
  },
}
