package seed

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"gorm.io/gorm"

	"example.com/tollgate/models"
)

// source is where everything about one account comes from: its number and its own stream of
// randomness, so that an account is the same whichever batch it falls into.
type source struct {
	*rand.Rand
	seed uint64
	i    int
}

func (o Options) source(i int) source {
	return source{Rand: rand.New(rand.NewPCG(o.Seed, uint64(i))), seed: o.Seed, i: i}
}

// hash makes an id that looks like the others of its kind and can be made again.
func (s source) hash(kind string) string {
	var in [16]byte
	binary.BigEndian.PutUint64(in[:], s.seed)
	binary.BigEndian.PutUint64(in[8:], uint64(s.i))
	sum := sha256.Sum256(append(in[:], kind...))
	return hex.EncodeToString(sum[:16])
}

func (s source) publicID(prefix string) string { return prefix + "_" + s.hash(prefix) }

// stripeID is as long as Stripe's own.
func (s source) stripeID(prefix, which string) string {
	return prefix + "_seed" + s.hash(prefix + which)[:18]
}

// rows collects a batch. The order of the fields is the order of writing: what is pointed at comes
// first.
type rows struct {
	options Options
	next    ids

	users         []models.User
	accounts      []models.Account
	memberships   []models.Membership
	projects      []models.Project
	customers     []models.Customer
	syncs         []models.CustomerSync
	subscriptions []models.Subscription
	items         []models.SubscriptionItem
	trials        []models.Trial
	invoices      []models.Invoice
	facts         []models.Fact
	events        []models.WebhookEvent
	mails         []models.Mail
}

func (r *rows) write(tx *gorm.DB) error {
	for _, write := range []func() error{
		func() error { return insert(tx, r.users) },
		func() error { return insert(tx, r.accounts) },
		func() error { return insert(tx, r.memberships) },
		func() error { return insert(tx, r.projects) },
		func() error { return insert(tx, r.customers) },
		func() error { return insert(tx, r.syncs) },
		func() error { return insert(tx, r.subscriptions) },
		func() error { return insert(tx, r.items) },
		func() error { return insert(tx, r.trials) },
		func() error { return insert(tx, r.invoices) },
		func() error { return insert(tx, r.facts) },
		func() error { return insert(tx, r.events) },
		func() error { return insert(tx, r.mails) },
		func() error { return claimIDs(tx) },
		func() error {
			first, last := r.accounts[0].ID, r.accounts[len(r.accounts)-1].ID
			return models.IndexSubscribers(tx, r.options.Connection, first, last)
		},
	} {
		if err := write(); err != nil {
			return err
		}
	}
	return nil
}

// account makes up everything about account number i.
func (r *rows) account(i int) {
	src := r.options.source(i)
	kind := choosePersona(src.Rand)
	bought := chooseOffer(src.Rand, buyable(r.options.Catalog))
	told := tell(src.Rand, kind, bought.price.Interval, r.options.Catalog.TrialDays, r.options.Now)
	joined := told.started.Add(-time.Duration(src.IntN(72)) * time.Hour)
	if kind.status == "" { // recent ones are more: the business grows
		back := src.IntN(730) * src.IntN(730) / 730
		joined = r.options.Now.Add(-time.Duration(back)*day - time.Duration(src.IntN(24))*time.Hour)
	}
	joined = joined.UTC().Truncate(time.Second)

	owner := r.user(src, "", joined)
	account := models.Account{
		ID: take(&r.next.account), PublicID: src.publicID("acc"), Name: workspace(src.Rand, owner.Name),
		BillingEmail: owner.Email, CreatedBy: owner.ID, CreatedAt: joined, UpdatedAt: joined,
	}
	r.accounts = append(r.accounts, account)
	r.member(account, owner, models.RoleOwner)
	for n := range max(0, src.IntN(12)-8) { // a quarter have company, up to three
		r.member(account, r.user(src, strconv.Itoa(n+2), joined.Add(day)), models.RoleMember)
	}
	first := src.IntN(len(projectNames))
	for n := range src.IntN(4) {
		r.projects = append(r.projects, models.Project{
			PublicID: "prj_" + src.hash("project"+strconv.Itoa(n)), AccountID: account.ID,
			Name:      projectNames[(first+n)%len(projectNames)],
			CreatedAt: joined.Add(time.Duration(n) * time.Hour), UpdatedAt: joined.Add(time.Duration(n) * time.Hour),
		})
	}
	customer := r.customer(src, account, kind, joined)
	if kind.status != "" {
		r.subscription(src, account, customer, kind, bought, told)
	}
}

func (r *rows) user(src source, which string, joined time.Time) models.User {
	name, email := person(src.Rand, strconv.FormatInt(int64(src.i), 36)+cmp.Or(which, "0"))
	user := models.User{
		ID: take(&r.next.user), PublicID: "usr_" + src.hash("user"+which), Email: email, Name: name,
		PasswordHash: r.options.PasswordHash, Locale: "en-US", TimeZone: "UTC", CreatedAt: joined, UpdatedAt: joined,
	}
	if src.IntN(100) < 92 {
		verified := joined.Add(time.Duration(1+src.IntN(600)) * time.Minute)
		user.EmailVerifiedAt = &verified
	}
	sent := joined.Add(time.Second)
	r.users = append(r.users, user)
	r.mails = append(r.mails, models.Mail{
		PublicID: "mail_" + src.hash("mail"+which), DedupeKey: "seed:" + user.PublicID, Kind: "verify_email",
		UserID: &user.ID, ToAddress: email, Subject: "Confirm your e-mail address", Secret: true,
		State: models.MailSent, Attempts: 1, NextAt: sent, SentAt: &sent, CreatedAt: joined,
	})
	return user
}

func (r *rows) member(account models.Account, user models.User, role models.Role) {
	r.memberships = append(r.memberships, models.Membership{
		AccountID: account.ID, UserID: user.ID, Role: role, CreatedAt: account.CreatedAt,
	})
	r.mails[len(r.mails)-1].AccountID = &account.ID
}

func (r *rows) customer(src source, account models.Account, kind persona, joined time.Time) models.Customer {
	synced := r.options.Now.UTC().Add(-time.Duration(src.IntN(300)) * time.Minute).Truncate(time.Second)
	if synced.Before(joined) {
		synced = joined
	}
	customer := models.Customer{
		ID: take(&r.next.customer), AccountID: account.ID, StripeAccount: r.options.Connection.StripeAccount,
		Livemode: r.options.Connection.Livemode, StripeID: src.stripeID("cus", ""), Email: account.BillingEmail,
		SyncedAt: &synced, CreatedAt: joined, UpdatedAt: synced,
	}
	if kind.status != "" {
		customer.Currency = r.options.Catalog.Currency
	}
	if kind.status != "" && kind.status != "paused" {
		customer.CardBrand = pick(src.Rand, []string{"visa", "visa", "mastercard", "amex"})
		customer.CardLast4 = fmt.Sprintf("%04d", src.IntN(10000))
		customer.CardExpMonth, customer.CardExpYear = int64(1+src.IntN(12)), int64(synced.Year()+1+src.IntN(4))
	}
	r.customers = append(r.customers, customer)
	r.syncs = append(r.syncs, models.CustomerSync{
		StripeAccount: customer.StripeAccount, Livemode: customer.Livemode, StripeID: customer.StripeID,
		DirtySeq: 1, SyncedSeq: 1, NextAt: synced, LastOKAt: &synced,
	})
	return customer
}

func take(next *int64) int64 {
	id := *next
	*next++
	return id
}
