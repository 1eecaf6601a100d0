import { afterDraft, hour, month, newYear, refused, same, unique } from '../player.mjs'

export const pricing = {
  async tiers(p) {
    for (const [mode, six, twenty] of [['volume', 3900, 12000], ['graduated', 4150, 12750]]) {
      // Stripe's documented example: 7 dollars each up to 5, 6.50 up to 10, and 6 from there on.
      const price = await p.stripe.prices.create({
        currency: 'usd', billing_scheme: 'tiered', tiers_mode: mode, recurring: { interval: 'month' },
        product_data: { name: 'Pro' },
        tiers: [{ up_to: 5, unit_amount: 700 }, { up_to: 10, unit_amount: 650 }, { up_to: 'inf', unit_amount: 600 }],
      })
      const cost = async (quantity) => {
        const sub = await p.subscribe(await p.buyer('pm_card_visa'), price, { quantity })
        return (await p.latest(sub)).amount_paid
      }
      same(`six by ${mode}`, await cost(6), six)
      same(`twenty by ${mode}`, await cost(20), twenty)
    }
  },

  async 'metered usage'(p) {
    const name = unique()
    const meter = await p.stripe.billing.meters.create({
      display_name: 'Calls', event_name: name, default_aggregation: { formula: 'sum' },
    })
    same("the meter's status", meter.status, 'active')
    const price = await p.stripe.prices.create({
      currency: 'usd', unit_amount: 10, recurring: { interval: 'month', usage_type: 'metered', meter: meter.id },
      product_data: { name: 'Calls' },
    })
    const clock = await p.clock()
    const buyer = await p.buyer('pm_card_visa', clock)
    const sub = await p.subscribe(buyer, price)
    same('the status', sub.status, 'active')
    same('the first invoice', (await p.latest(sub)).total, 0)
    for (const value of ['25', '17']) {
      const event = await p.stripe.billing.meterEvents.create({
        event_name: name, timestamp: newYear + 60, payload: { stripe_customer_id: buyer.id, value },
      })
      same("the event's name", event.event_name, name)
    }
    await p.until('the usage is counted', async () => {
      const found = await p.stripe.billing.meters.listEventSummaries(meter.id, {
        customer: buyer.id, start_time: newYear, end_time: newYear + hour,
      })
      return found.data.length === 1 && found.data[0].aggregated_value === 42
    })
    await p.advance(clock, newYear + month + afterDraft)
    same("the usage's price", (await p.latest(sub)).amount_paid, 420)
  },

  async 'lookup keys'(p) {
    const key = unique()
    const make = (more) => p.stripe.prices.create({
      currency: 'usd', unit_amount: 1500, lookup_key: key, product_data: { name: 'Pro' }, ...more,
    })
    const first = await make()
    same('a second price', (await refused(make())).statusCode, 400)
    const second = await make({ transfer_lookup_key: true })
    const found = await p.stripe.prices.list({ lookup_keys: [key] })
    same('the prices found', found.data.length, 1)
    same('the price found', found.data[0].id, second.id)
    same('the key of the first', (await p.stripe.prices.retrieve(first.id)).lookup_key, null)
    const error = await refused(p.stripe.prices.update(first.id, { unit_amount: 1 }))
    same('a new amount', error.message, 'Received unknown parameter: unit_amount')
  },
}
