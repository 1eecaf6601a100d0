package auth

import (
	"context"
	_ "embed"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/sync/semaphore"

	"example.com/tollgate/internal/fault"
)

// MinPassword and maxPassword are the length of a password in characters. There is no rule about which characters: length is what
// helps, and rules make people write passwords down.
const (
	MinPassword = 8
	maxPassword = 128
)

// maxPasswordBytes keeps somebody from having megabytes hashed when signing in.
const maxPasswordBytes = 4 * maxPassword

// hashParams are OWASP's first choice for argon2id. Hashes made with others are replaced when
// their owner next signs in.
func hashParams() argon2id.Params {
	return argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// nobodysHash is compared with when there is no user, so that a stranger's answer takes as long as
// a member's. Its password was random and is forgotten.
const nobodysHash = "$argon2id$v=19$m=19456,t=2,p=1$ai4kSSks4qS+5yEoS1SupQ$XGBZLIg4eRP2cHZ6B6Y6dk7nxtlmmQTdhO/YEmKF71o"

// commonList is what attackers try first: the most frequent passwords of published breaches that
// are long enough to be allowed otherwise, in lower case. The ranking is that of the MIT-licensed
// zxcvbn-ts project.
//
//go:embed password_common.txt
var commonList string

// passwords judges, hashes and compares. Every hash takes 19 MiB for its time, so only a few are
// computed at once and the others wait.
type passwords struct {
	common  map[string]struct{}
	appName string
	slots   *semaphore.Weighted
}

func newPasswords(appName string) *passwords {
	lines := strings.Split(strings.TrimSpace(commonList), "\n")
	p := &passwords{
		common:  make(map[string]struct{}, len(lines)),
		appName: squash(appName),
		slots:   semaphore.NewWeighted(int64(max(2, runtime.NumCPU()))),
	}
	for _, line := range lines {
		p.common[line] = struct{}{}
	}
	return p
}

// judge gives the code of what is wrong with a new password, or nothing. about is what attackers
// know of its owner: name and address.
func (p *passwords) judge(password string, about ...string) string {
	length := utf8.RuneCountInString(password)
	switch {
	case length < MinPassword:
		return "password_too_short"
	case length > maxPassword || len(password) > maxPasswordBytes:
		return "password_too_long"
	}
	lower := strings.ToLower(password)
	if _, found := p.common[lower]; found {
		return "password_common"
	}
	plain := strings.TrimRight(squash(lower), "0123456789!.?")
	if plain == "" || strings.Count(plain, plain[:1]) == len(plain) {
		return "password_common" // digits and exclamation marks only, or one letter over and over
	}
	for _, fact := range append(about, p.appName) {
		local, _, _ := strings.Cut(fact, "@")
		if plain == squash(fact) || plain == squash(local) {
			return "password_common"
		}
	}
	return ""
}

// formFault refuses a form. Its parameters are the limits that the words about passwords name.
func formFault(fields map[string]string) error {
	f := fault.Form(fields)
	f.Params = map[string]string{"min": strconv.Itoa(MinPassword), "max": strconv.Itoa(maxPassword)}
	return f
}

func passwordFault(field, code string) error { return formFault(map[string]string{field: code}) }

// squash removes what people vary without thinking.
func squash(text string) string { return strings.Join(strings.Fields(strings.ToLower(text)), "") }

func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	if err := p.slots.Acquire(ctx, 1); err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	defer p.slots.Release(1)
	params := hashParams()
	hash, err := argon2id.CreateHash(password, &params)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// compare reports whether password belongs to hash, and whether the hash should be made anew. An
// empty hash belongs to a user who has no password; it matches none and takes as long.
func (p *passwords) compare(ctx context.Context, password, hash string) (match, outdated bool, err error) {
	known := hash != ""
	if !known {
		hash = nobodysHash
	}
	if len(password) > maxPasswordBytes {
		password, known = "", false
	}
	if err := p.slots.Acquire(ctx, 1); err != nil {
		return false, false, fmt.Errorf("compare password: %w", err)
	}
	defer p.slots.Release(1)
	match, params, err := argon2id.CheckHash(password, hash)
	if err != nil {
		return false, false, fmt.Errorf("compare password: %w", err)
	}
	return match && known, *params != hashParams(), nil
}
