package billing

// Queued is how many receipts wait for the commit that is under way.
func (s *Service) Queued() int {
	s.inbox.mu.Lock()
	defer s.inbox.mu.Unlock()
	return len(s.inbox.queue)
}

// Committing says whether a commit of receipts is under way.
func (s *Service) Committing() bool {
	s.inbox.mu.Lock()
	defer s.inbox.mu.Unlock()
	return s.inbox.committing
}

// Mailbox is the address that a trial is given to once.
func Mailbox(email string) string { return mailbox(email) }
