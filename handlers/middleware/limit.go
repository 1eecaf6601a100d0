package middleware

import (
	"container/list"
	"hash/maphash"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is how often something may be done: a burst at once, and one more for every Every after.
type Rate struct {
	Burst int
	Every time.Duration
}

// Limits bounds the routes that check credentials or send mail.
type Limits struct {
	Client Rate            // per client address and route
	Routes map[string]Rate // instead of Client, for routes that need a tighter one
	Email  Rate            // per e-mail address that somebody tries to sign in to, over all clients
	User   Rate            // per signed-in user
	Keys   int             // how many clients and addresses are remembered at once
}

// DefaultLimits let a family behind one address sign in at once and let nobody guess for long. The
// limit per e-mail address frees one try every half minute, so that whoever is attacked gets in
// again as soon as it stops, and from where they signed in before even while it lasts.
func DefaultLimits() Limits {
	return Limits{
		Client: Rate{Burst: 30, Every: 2 * time.Second},
		Routes: map[string]Rate{
			"/signup":          {Burst: 30, Every: time.Minute},
			"/forgot-password": {Burst: 10, Every: 30 * time.Second},
			"/login/link":      {Burst: 10, Every: 30 * time.Second},
		},
		Email: Rate{Burst: 12, Every: 30 * time.Second},
		User:  Rate{Burst: 30, Every: 30 * time.Second},
		Keys:  100_000,
	}
}

const shards = 16

// buckets is a token bucket per key, of which only the most recently used are remembered: somebody
// with a million addresses costs no more memory than somebody with a hundred thousand. A forgotten
// key starts afresh, which is what it would have done after a while anyway.
type buckets struct {
	seed   maphash.Seed
	shards [shards]shard
}

type shard struct {
	mu    sync.Mutex
	most  int
	byKey map[uint64]*list.Element
	used  *list.List // of entry, the latest used first
}

type entry struct {
	key    uint64
	bucket *rate.Limiter
}

func newBuckets(keys int) *buckets {
	b := &buckets{seed: maphash.MakeSeed()}
	for i := range b.shards {
		b.shards[i] = shard{most: max(1, keys/shards), byKey: map[uint64]*list.Element{}, used: list.New()}
	}
	return b
}

// take uses one try of a key up. If there is none it says how long until there is.
func (b *buckets) take(key string, r Rate, now time.Time) (wait time.Duration) {
	hash := maphash.String(b.seed, key)
	s := &b.shards[hash%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	bucket := s.bucket(hash, r)
	reservation := bucket.ReserveN(now, 1)
	if wait = reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}

// remember makes a key known, and known reports whether it is.
func (b *buckets) remember(key string, r Rate) {
	hash := maphash.String(b.seed, key)
	s := &b.shards[hash%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bucket(hash, r)
}

func (b *buckets) known(key string) bool {
	hash := maphash.String(b.seed, key)
	s := &b.shards[hash%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byKey[hash] != nil
}

// forget gives a key all its tries back.
func (b *buckets) forget(key string) {
	hash := maphash.String(b.seed, key)
	s := &b.shards[hash%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	if element, found := s.byKey[hash]; found {
		s.used.Remove(element)
		delete(s.byKey, hash)
	}
}

func (s *shard) bucket(hash uint64, r Rate) *rate.Limiter {
	if element, found := s.byKey[hash]; found {
		s.used.MoveToFront(element)
		return element.Value.(entry).bucket
	}
	if s.used.Len() >= s.most {
		oldest := s.used.Back()
		delete(s.byKey, oldest.Value.(entry).key)
		s.used.Remove(oldest)
	}
	bucket := rate.NewLimiter(rate.Every(r.Every), r.Burst)
	s.byKey[hash] = s.used.PushFront(entry{key: hash, bucket: bucket})
	return bucket
}

// clientKey is what counts as one client: an IPv4 address, or the /64 that an IPv6 customer has at
// least.
func clientKey(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		if prefix, err := addr.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return addr.String()
}
