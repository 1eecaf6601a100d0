package ui

// alertRole interrupts only for what went wrong.
func alertRole(tone string) string {
	if tone == "error" {
		return "alert"
	}
	return "status"
}

func alertIcon(tone string) string {
	switch tone {
	case "success":
		return "circle-check"
	case "warning":
		return "triangle-alert"
	case "error":
		return "circle-alert"
	}
	return "info"
}
