import { createServer } from 'node:http'
import { refused, same, unique } from '../player.mjs'

// deliveries listens on this machine, and yields what arrives.
async function deliveries() {
  const arrived = []
  const server = createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    arrived.push({ body: Buffer.concat(chunks).toString(), signature: request.headers['stripe-signature'] })
    response.end()
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { arrived, server, url: `http://127.0.0.1:${server.address().port}` }
}

function throws(fn) {
  try {
    fn()
  } catch {
    return true
  }
  return false
}

export const wire = {
  async 'auto-paging'(p) {
    const email = `${unique()}@example.com`
    let newest
    for (let i = 0; i < 7; i++) newest = await p.stripe.customers.create({ email })
    const found = await p.stripe.customers.list({ email, limit: 3 }).autoPagingToArray({ limit: 100 })
    same('the customers', found.length, 7)
    same('the newest comes first', found[0].id, newest.id)
    const second = await p.stripe.customers.list({ email, limit: 3, starting_after: found[2].id })
    same('the second page', second.data.length, 3)
    same('its first', second.data[0].id, found[3].id)
    same('there is more', second.has_more, true)
    const both = p.stripe.customers.list({ starting_after: found[2].id, ending_before: found[1].id })
    same('two cursors', (await refused(both)).statusCode, 400)
  },

  async search(p) {
    const token = unique()
    const made = await p.stripe.products.create({ name: 'Pro', metadata: { token } })
    const found = await p.until('the product is found', async () => {
      const page = await p.stripe.products.search({ query: `metadata['token']:'${token}'` })
      return page.data.length > 0 && page.data
    })
    same('the products', found.length, 1)
    same('the product', found[0].id, made.id)
    same('an unknown field', (await refused(p.stripe.products.search({ query: "colour:'red'" }))).statusCode, 400)
  },

  async expanding(p) {
    const buyer = await p.buyer('pm_card_visa')
    const sub = await p.subscribe(buyer, await p.monthly(2000), {
      expand: ['latest_invoice.payment_intent.latest_charge'],
    })
    same('the charge, three levels down', sub.latest_invoice.payment_intent.latest_charge.amount, 2000)
    same('what is not expanded', sub.customer, buyer.id)
    const found = await p.stripe.subscriptions.list({ customer: buyer.id, expand: ['data.customer'] })
    same('expanded in a list', found.data[0].customer.email, 'jenny@example.com')
    const error = await refused(p.stripe.customers.retrieve(buyer.id, { expand: ['colour'] }))
    same('the refusal', error.message, 'This property cannot be expanded (colour).')
    const deep = p.stripe.subscriptions.retrieve(sub.id, {
      expand: ['latest_invoice.payment_intent.latest_charge.balance_transaction.source'],
    })
    same('five levels', (await refused(deep)).statusCode, 400)
  },

  async idempotency(p) {
    const idempotencyKey = unique()
    const create = (name) => p.stripe.customers.create({ name }, { idempotencyKey })
    const first = await create('Jenny Rosen')
    const second = await create('Jenny Rosen')
    same('the repeated customer', second.id, first.id)
    same('the header', second.lastResponse.headers.get('idempotent-replayed'), 'true')
    const error = await refused(create('Another'))
    same('the status of a misuse', error.statusCode, 400)
    same('its type', error.rawType, 'idempotency_error')
  },

  async errors(p) {
    let error = await refused(p.stripe.customers.retrieve('cus_nobody'))
    same('an unknown id in the path', error.statusCode, 404)
    same('its code', error.code, 'resource_missing')
    same('its text', error.message, "No such customer: 'cus_nobody'")
    same('its parameter', error.param, 'id')
    error = await refused(p.stripe.invoices.create({ customer: 'cus_nobody' }))
    same('an unknown id in a parameter', error.statusCode, 400)
    same('its code', error.code, 'resource_missing')
    same('its parameter', error.param, 'customer')
    error = await refused(p.stripe.customers.create({ colour: 'red' }))
    same('an unknown parameter', error.message, 'Received unknown parameter: colour')
    same('its code', error.code, 'parameter_unknown')
    error = await refused(p.stripe.prices.create({ unit_amount: 100 }))
    same('a missing parameter', error.code, 'parameter_missing')
    same('its name', error.param, 'currency')
    error = await refused(p.pay(2000, 'pm_card_visa_chargeDeclined'))
    same('a declined card', error.statusCode, 402)
    error = await refused(p.connect('sk_test_nobodyknowsthiskey').customers.retrieve('cus_nobody'))
    same('a wrong key', error.statusCode, 401)
    same('its type', error.rawType, 'invalid_request_error')
    same('its request', Boolean(error.requestId), true)
  },

  async metadata(p) {
    const made = await p.stripe.customers.create({ metadata: { a: '1', b: '2' } })
    const update = async (metadata) => (await p.stripe.customers.update(made.id, { metadata })).metadata
    const got = await update({ b: '3', c: '4' })
    same('what is left alone', got.a, '1')
    same('what is changed', got.b, '3')
    same('what is added', got.c, '4')
    same('what is removed', 'a' in await update({ a: '' }), false)
    same('after clearing', Object.keys(await update('')).length, 0)
    const tooMany = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`key${i}`, 'x']))
    const error = await refused(p.stripe.customers.update(made.id, { metadata: tooMany }))
    same('51 keys', error.statusCode, 400)
  },

  async 'webhook endpoint'(p) {
    const { arrived, server, url } = await deliveries()
    try {
      const endpoint = await p.stripe.webhookEndpoints.create({
        url: p.live ? 'https://example.com/webhooks' : url, enabled_events: ['tax_rate.created'],
        api_version: p.stripe.getApiField('version'),
      })
      same('the status', endpoint.status, 'enabled')
      same("its secret's beginning", endpoint.secret.slice(0, 6), 'whsec_')
      same('its secret later', (await p.stripe.webhookEndpoints.retrieve(endpoint.id)).secret, undefined)
      const rate = await p.stripe.taxRates.create({
        display_name: 'VAT', percentage: 20, inclusive: false, metadata: { token: unique() },
      })
      const verify = (body, signature, secret) => p.stripe.webhooks.constructEvent(body, signature, secret)
      if (!p.live) {
        await p.until('the event has arrived', () => arrived.some(({ body, signature }) => {
          const event = verify(body, signature, endpoint.secret)
          same('the event', event.type, 'tax_rate.created')
          same('another secret', throws(() => verify(body, signature, 'whsec_wrong')), true)
          same('another body', throws(() => verify(`${body} `, signature, endpoint.secret)), true)
          return event.data.object.id === rate.id
        }))
      }
      same('being deleted', (await p.stripe.webhookEndpoints.del(endpoint.id)).deleted, true)
    } finally {
      server.close()
    }
  },

  async events(p) {
    const made = await p.stripe.products.create({ name: 'Basic' })
    await p.stripe.products.update(made.id, { name: 'Pro' })
    const event = await p.until('the event is listed', async () => {
      const list = await p.stripe.events.list({ type: 'product.updated', created: { gte: made.created }, limit: 100 })
      return list.data.find((e) => e.data.object.id === made.id)
    })
    same('the name now', event.data.object.name, 'Pro')
    same('the name before', event.data.previous_attributes.name, 'Basic')
    same('the API version', event.api_version, p.stripe.getApiField('version'))
    same('the request', Boolean(event.request.id), true)
    same('the event by its id', (await p.stripe.events.retrieve(event.id)).type, 'product.updated')
  },
}
