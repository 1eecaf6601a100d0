import { refused, same } from '../player.mjs'

// dispute pays with the card whose holder disputes it, and waits for the dispute.
async function disputed(p) {
  const intent = await p.pay(2000, 'pm_card_createDispute')
  const dispute = await p.until('there is a dispute', async () => {
    const found = await p.stripe.disputes.list({ payment_intent: intent.id })
    return found.data[0]
  })
  same("the dispute's status", dispute.status, 'needs_response')
  same('its reason', dispute.reason, 'fraudulent')
  same('its amount', dispute.amount, 2000)
  return { charge: intent.latest_charge, dispute }
}

export const returning = {
  async 'refund in full'(p) {
    const intent = await p.pay(2000, 'pm_card_visa')
    const refund = await p.stripe.refunds.create({ payment_intent: intent.id })
    same("the refund's status", refund.status, 'succeeded')
    same('the refund', refund.amount, 2000)
    const charge = await p.stripe.charges.retrieve(intent.latest_charge)
    same('being refunded', charge.refunded, true)
    const error = await refused(p.stripe.refunds.create({ payment_intent: intent.id }))
    same('the refusal', error.code, 'charge_already_refunded')
  },

  async 'refund in parts'(p) {
    const charge = (await p.pay(2000, 'pm_card_visa')).latest_charge
    await p.stripe.refunds.create({ charge, amount: 700 })
    const read = await p.stripe.charges.retrieve(charge)
    same('what is refunded', read.amount_refunded, 700)
    same('being refunded', read.refunded, false)
    const error = await refused(p.stripe.refunds.create({ charge, amount: 1400 }))
    same('the refusal', error.message, 'Refund amount ($14.00) is greater than unrefunded amount on charge ($13.00)')
    const rest = await p.stripe.refunds.create({ charge, reason: 'requested_by_customer' })
    same('the rest', rest.amount, 1300)
  },

  async 'dispute won'(p) {
    const { charge, dispute } = await disputed(p)
    same('the charge is disputed', (await p.stripe.charges.retrieve(charge)).disputed, true)
    await p.stripe.disputes.update(dispute.id, {
      evidence: { uncategorized_text: 'winning_evidence' }, submit: true,
    })
    const decided = await p.until('the dispute is decided', async () => {
      const read = await p.stripe.disputes.retrieve(dispute.id)
      return !['under_review', 'needs_response'].includes(read.status) && read
    })
    same('the outcome', decided.status, 'won')
    same('the bookings', decided.balance_transactions.length, 2)
  },

  async 'dispute lost'(p) {
    const { charge, dispute } = await disputed(p)
    const error = await refused(p.stripe.refunds.create({ charge }))
    same('a refund meanwhile', error.code, 'charge_disputed')
    const closed = await p.stripe.disputes.close(dispute.id)
    same('the outcome', closed.status, 'lost')
    same('the bookings', closed.balance_transactions.length, 1)
  },

  async 'credit note'(p) {
    const buyer = await p.buyer('pm_card_visa')
    let invoice = await p.bill(buyer, 3000)
    const before = await p.stripe.creditNotes.create({ invoice: invoice.id, amount: 500 })
    same('the note before the payment', before.type, 'pre_payment')
    same('its number', before.number, `${invoice.number}-CN-01`)
    invoice = await p.stripe.invoices.pay(invoice.id)
    same('what was paid', invoice.amount_paid, 2500)
    const note = { invoice: invoice.id, amount: 1000, refund_amount: 1000 }
    const preview = await p.stripe.creditNotes.preview(note)
    same('the preview', preview.total, 1000)
    const after = await p.stripe.creditNotes.create(note)
    same('the note after the payment', after.type, 'post_payment')
    same('having a refund', Boolean(after.refund), true)
    same('the refund on the charge', (await p.stripe.charges.retrieve(invoice.charge)).amount_refunded, 1000)
    invoice = await p.stripe.invoices.retrieve(invoice.id)
    same('notes before the payment', invoice.pre_payment_credit_notes_amount, 500)
    same('notes after the payment', invoice.post_payment_credit_notes_amount, 1000)
  },

  async 'customer balance'(p) {
    const buyer = await p.buyer('pm_card_visa')
    const credit = await p.stripe.customers.createBalanceTransaction(buyer.id, { amount: -500, currency: 'usd' })
    same('the balance', credit.ending_balance, -500)
    const invoice = await p.latest(await p.subscribe(buyer, await p.monthly(2000)))
    same('the total', invoice.total, 2000)
    same('what was due', invoice.amount_due, 1500)
    same('the balance before', invoice.starting_balance, -500)
    same('the balance after', invoice.ending_balance, 0)
    const moves = await p.stripe.customers.listBalanceTransactions(buyer.id)
    same('the moves', moves.data.length, 2)
    same('the last move', moves.data[0].type, 'applied_to_invoice')
  },
}
