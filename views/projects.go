package views

// The two forms of the page share one Form; EditID says which of them was refused.

func (p ProjectsPage) createError() string {
	if p.EditID != "" {
		return ""
	}
	return p.FormError
}

func (p ProjectsPage) renameError(project Project) string {
	if p.EditID != project.ID {
		return ""
	}
	if words := p.Errors["name"]; words != "" {
		return words
	}
	return p.FormError
}

func (p ProjectsPage) nameOf(project Project) string {
	if p.EditID == project.ID {
		return p.EditName
	}
	return project.Name
}

// limitWords says how much the plan holds and which plan holds more.
func (p ProjectsPage) limitWords() string {
	f := p.Format()
	params := map[string]string{"max": f.Number(p.Usage.Max), "limit": p.Usage.Limit.Many}
	if p.Usage.Max == 1 {
		params["limit"] = p.Usage.Limit.One
	}
	if p.Upgrade == nil {
		return Message("limit_reached_top", params)
	}
	params["plan"] = p.Upgrade.Plan.Name
	return Message("limit_reached", params)
}
