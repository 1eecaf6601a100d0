package middleware

import "time"

// ClientKey is exported to tests.
var ClientKey = clientKey

// Buckets is the limiter's memory, for tests.
type Buckets struct{ *buckets }

// NewBuckets makes one.
func NewBuckets(keys int) Buckets { return Buckets{newBuckets(keys)} }

// Take uses a try up.
func (b Buckets) Take(key string, r Rate, now time.Time) time.Duration { return b.take(key, r, now) }

// Len counts what is remembered.
func (b Buckets) Len() int {
	total := 0
	for i := range b.shards {
		total += b.shards[i].used.Len()
	}
	return total
}
