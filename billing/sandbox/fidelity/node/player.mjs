// What a script needs to tell its story: the official client, and the scenery that many stories share. It is the twin
// of ../stories/player.go and setting.go.
import { randomUUID } from 'node:crypto'
import Stripe from 'stripe'

export const newYear = 1736899200 // 2025-01-15 00:00:00 UTC; the month that follows has 31 days.
export const hour = 3600
export const day = 24 * hour
export const month = 31 * day
export const afterDraft = 2 * hour // An invoice is finalised and paid about an hour after its creation.
export const donePage = 'https://example.com/done'

const pollFirst = 20 // Milliseconds, as is pollMost.
const pollMost = 2000
const polls = 90

// same fails the story unless Stripe answered what its documentation promises.
export function same(what, got, want) {
  if (got !== want) throw new Error(`${what} is ${JSON.stringify(got)}, and should be ${JSON.stringify(want)}`)
}

// refused returns how a call was refused, and fails the story when it was not.
export async function refused(call) {
  let answer
  try {
    answer = await call
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return error
    throw error
  }
  throw new Error(`the call was not refused: ${JSON.stringify(answer)}`)
}

// unique marks what a story makes, so that it finds it again among the leavings of other stories.
export const unique = () => `story-${randomUUID()}`

// halfway is the middle of a subscription's period, where prorations are halves.
export const halfway = (sub) => (sub.current_period_start + sub.current_period_end) / 2

// amounts are those of an invoice's lines, the smallest first: their order is not documented.
export const amounts = (invoice) => invoice.lines.data.map((line) => line.amount).sort((a, b) => a - b).join(' ')

export class Player {
  constructor({ url, key, live }, story) {
    const { protocol, hostname, port } = new URL(url)
    // The header names the story to a tape between the client and Stripe, which takes it off.
    const labelled = (target, init) => fetch(target, { ...init, headers: { ...init.headers, 'Tollgate-Story': story } })
    this.live = live
    this.clocks = []
    this.connect = (key) => new Stripe(key, {
      protocol: protocol.slice(0, -1), host: hostname, port: port || '443', maxNetworkRetries: 0, telemetry: false,
      httpClient: Stripe.createFetchHttpClient(labelled),
    })
    this.stripe = this.connect(key)
  }

  // price makes a product and its recurring price, in cents.
  price(cents, interval) {
    return this.stripe.prices.create({
      currency: 'usd', unit_amount: cents, recurring: { interval }, product_data: { name: 'Pro' },
    })
  }

  monthly(cents) {
    return this.price(cents, 'month')
  }

  // buyer makes a customer whose default is one of Stripe's test cards, or who has none.
  buyer(card, clock) {
    return this.stripe.customers.create({
      email: 'jenny@example.com', name: 'Jenny Rosen',
      ...(card && { payment_method: card, invoice_settings: { default_payment_method: card } }),
      ...(clock && { test_clock: clock.id }),
    })
  }

  // subscribe starts a subscription to one price; more may say a quantity, or anything else.
  subscribe(customer, price, { quantity, ...more } = {}) {
    return this.stripe.subscriptions.create({
      customer: customer.id, items: [{ price: price.id, ...(quantity && { quantity }) }], ...more,
    })
  }

  sub(id) {
    return this.stripe.subscriptions.retrieve(id)
  }

  // latest reads the last invoice of a subscription.
  async latest(sub) {
    return this.stripe.invoices.retrieve((await this.sub(sub.id)).latest_invoice)
  }

  // swapCard makes another test card the customer's default.
  async swapCard(customer, card) {
    const attached = await this.stripe.paymentMethods.attach(card, { customer: customer.id })
    await this.stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: attached.id } })
    return attached
  }

  // pay takes an amount from a test card at once.
  pay(cents, card) {
    return this.stripe.paymentIntents.create({
      amount: cents, currency: 'usd', payment_method: card, confirm: true, payment_method_types: ['card'],
    })
  }

  // clock makes a test clock that stands at newYear.
  async clock() {
    const clock = await this.stripe.testHelpers.testClocks.create({ frozen_time: newYear })
    this.clocks.push(clock)
    return clock
  }

  // tidy takes the story's test clocks out of a real account, which may have only so many of them.
  async tidy() {
    if (!this.live) return
    for (const clock of this.clocks) await this.stripe.testHelpers.testClocks.del(clock.id).catch(() => {})
  }

  // advance moves a clock, and waits until Stripe has done all that fell due.
  async advance(clock, to) {
    await this.stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: to })
    await this.settled(clock)
  }

  settled(clock) {
    return this.until('the clock is ready', async () => {
      const read = await this.stripe.testHelpers.testClocks.retrieve(clock.id)
      return read.status === 'ready'
    })
  }

  // until asks again and again for what Stripe does in the background.
  async until(what, done) {
    for (let i = 0, wait = pollFirst; i < polls; i++, wait = Math.min(2 * wait, pollMost)) {
      const answer = await done()
      if (answer) return answer
      await new Promise((resolve) => setTimeout(resolve, wait))
    }
    throw new Error(`waited in vain until ${what}`)
  }

  // draft makes an invoice over one amount that nothing happens to by itself.
  async draft(customer, cents, more = {}) {
    await this.stripe.invoiceItems.create({
      customer: customer.id, amount: cents, currency: 'usd', description: 'Setting up',
    })
    return this.stripe.invoices.create({
      customer: customer.id, auto_advance: false, pending_invoice_items_behavior: 'include', ...more,
    })
  }

  // bill makes an open invoice over one amount.
  async bill(customer, cents) {
    return this.stripe.invoices.finalizeInvoice((await this.draft(customer, cents)).id)
  }
}
