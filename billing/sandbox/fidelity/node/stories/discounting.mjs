import { afterDraft, refused, same } from '../player.mjs'

// discounted subscribes to 20 dollars a month with a coupon, and returns how to go on to the next month.
async function discounted(p, coupon) {
  const made = await p.stripe.coupons.create(coupon)
  const clock = await p.clock()
  const sub = await p.subscribe(await p.buyer('pm_card_visa', clock), await p.monthly(2000), {
    discounts: [{ coupon: made.id }],
  })
  same('the first invoice', (await p.latest(sub)).amount_paid, 1500)
  const next = async () => {
    await p.advance(clock, (await p.sub(sub.id)).current_period_end + afterDraft)
    return (await p.latest(sub)).amount_paid
  }
  return { sub, next }
}

export const discounting = {
  async 'coupon for once'(p) {
    const { next } = await discounted(p, { percent_off: 25, duration: 'once' })
    same('the second invoice', await next(), 2000)
  },

  async 'coupon for months'(p) {
    const { next } = await discounted(p, {
      amount_off: 500, currency: 'usd', duration: 'repeating', duration_in_months: 2,
    })
    same('the second invoice', await next(), 1500)
    same('the third invoice', await next(), 2000)
  },

  async 'coupon for ever'(p) {
    const { sub, next } = await discounted(p, { percent_off: 25, duration: 'forever' })
    same('the second invoice', await next(), 1500)
    await p.stripe.subscriptions.deleteDiscount(sub.id)
    same('the discounts', (await p.sub(sub.id)).discounts.length, 0)
    same('the third invoice', await next(), 2000)
  },

  async 'promotion code with limits'(p) {
    const coupon = await p.stripe.coupons.create({ percent_off: 50, duration: 'once' })
    let code = await p.stripe.promotionCodes.create({ coupon: coupon.id, max_redemptions: 1 })
    same('being active', code.active, true)
    const price = await p.monthly(2000)
    const use = { discounts: [{ promotion_code: code.id }] }
    const sub = await p.subscribe(await p.buyer('pm_card_visa'), price, use)
    same('the discounted payment', (await p.latest(sub)).amount_paid, 1000)
    code = await p.stripe.promotionCodes.retrieve(code.id)
    same('the uses', code.times_redeemed, 1)
    same('being active after its last use', code.active, false)
    const error = await refused(p.subscribe(await p.buyer('pm_card_visa'), price, use))
    same('the refusal', error.statusCode, 400)
  },

  async 'tax rates'(p) {
    const rate = (percentage, inclusive) => p.stripe.taxRates.create({ display_name: 'VAT', percentage, inclusive })
    const taxed = async (cents, { id }) => p.latest(
      await p.subscribe(await p.buyer('pm_card_visa'), await p.monthly(cents), { default_tax_rates: [id] }),
    )
    let invoice = await taxed(1000, await rate(20, false))
    same('the total with tax on top', invoice.total, 1200)
    same('the tax on top', invoice.tax, 200)
    same('the total before tax', invoice.total_excluding_tax, 1000)
    invoice = await taxed(1100, await rate(10, true))
    same('the total with tax inside', invoice.total, 1100)
    same('the tax inside', invoice.tax, 100)
    same('being inside', invoice.total_tax_amounts[0].inclusive, true)
  },

  // It needs an account whose tax settings and registrations are there; a sandbox has them from the start.
  async 'automatic tax'(p) {
    const buyer = await p.stripe.customers.create({
      payment_method: 'pm_card_visa', invoice_settings: { default_payment_method: 'pm_card_visa' },
      address: { country: 'DE', postal_code: '10115' },
    })
    const sub = await p.subscribe(buyer, await p.monthly(1000), { automatic_tax: { enabled: true } })
    same('the switch', sub.automatic_tax.enabled, true)
    const invoice = await p.latest(sub)
    same('the computation', invoice.automatic_tax.status, 'complete')
    same('the tax', invoice.tax, 190)
    same('the total', invoice.total, 1190)
  },
}
