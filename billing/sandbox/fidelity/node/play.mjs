// Plays the stories on stripe-node, all of them or those named on the command line, a few at a time. Prints one line
// of JSON for each: its name, and what went wrong, if anything did.
//
// STORIES_URL and STORIES_KEY say which Stripe to play against; STORIES_LIVE is set when it is Stripe itself.
import { Player } from './player.mjs'
import { subscribing } from './stories/subscribing.mjs'
import { changing } from './stories/changing.mjs'
import { ending } from './stories/ending.mjs'
import { returning } from './stories/returning.mjs'
import { discounting } from './stories/discounting.mjs'
import { pricing } from './stories/pricing.mjs'
import { invoicing } from './stories/invoicing.mjs'
import { paying } from './stories/paying.mjs'
import { wire } from './stories/wire.mjs'

const scripts = {
  ...subscribing, ...changing, ...ending, ...returning, ...discounting, ...pricing, ...invoicing, ...paying, ...wire,
}
const lanes = 4
const storyPatience = 180_000 // Milliseconds; Stripe itself takes seconds to advance a test clock.

const target = { url: process.env.STORIES_URL, key: process.env.STORIES_KEY, live: Boolean(process.env.STORIES_LIVE) }

async function play(name) {
  const patience = new AbortController()
  const player = new Player(target, name)
  try {
    await Promise.race([scripts[name](player), expire(patience.signal)])
    return { name }
  } catch (error) {
    return { name, error: error.message || String(error) }
  } finally {
    patience.abort()
    await player.tidy()
  }
}

// expire fails when a story takes too long, unless the story ends first.
function expire(signal) {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new Error('the story did not end')), storyPatience)
    signal.addEventListener('abort', () => clearTimeout(timer))
  })
}

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(scripts)
const unknown = names.filter((name) => !scripts[name])
for (const name of unknown) console.log(JSON.stringify({ name, error: 'stripe-node has no script for it' }))
const waiting = names.filter((name) => scripts[name])
await Promise.all(Array.from({ length: lanes }, async () => {
  while (waiting.length > 0) console.log(JSON.stringify(await play(waiting.shift())))
}))
