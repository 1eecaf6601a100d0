package ui

import (
	"strconv"
	"time"
)

// Bar is one value of a chart.
type Bar struct {
	Label string
	Value int64
	At    time.Time
}

// share gives used of most in per cent as an SVG length, within the drawing whatever the figures.
func share(used, most int64) string {
	if used <= 0 {
		return "0%"
	}
	if most <= 0 { // a plan that includes none, after a downgrade from one that did
		return "100%"
	}
	return strconv.FormatInt(min(used*100/most, 100), 10) + "%"
}

// meterTone warns at four fifths and alarms when full.
func meterTone(used, most int64) string {
	switch {
	case most >= 0 && used >= most:
		return "meter-error"
	case used*5 >= most*4:
		return "meter-warning"
	}
	return ""
}

func largest(bars []Bar) int64 {
	var most int64 = 1
	for _, bar := range bars {
		most = max(most, bar.Value)
	}
	return most
}

// The charts are drawn in units of their own and stretched to the width at hand.
const (
	chartHeight = 96
	chartStep   = 12
	chartBar    = 8
)

func chartWidth(bars []Bar) int { return max(len(bars), 1) * chartStep }

func barHeight(bar Bar, most int64) int {
	if bar.Value <= 0 {
		return 1
	}
	return int(max(bar.Value*chartHeight/most, 3))
}
