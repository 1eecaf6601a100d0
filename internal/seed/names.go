package seed

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Given and family names are common ones from many places; workspaces are named after a person or
// put together from syllables, so that they are nobody's.
var (
	given = strings.Fields(`Ada Amara Anders Anika Arturo Astrid Ben Camille Carlos Chiara Dalia Daniel
		Diego Ebba Eitan Elena Emre Erik Farah Fatima Felix Freya Gita Hana Hugo Ibrahim Ines Ivan Jamal
		Jana Joao Jonas Julia Kaito Karin Kofi Lars Leila Liam Lina Luca Magda Malik Mara Mei Mika Nadia
		Nia Noor Olga Omar Owen Petra Priya Rafael Rosa Sami Sara Sven Tariq Tessa Thiago Uma Vera Victor
		Wei Yara Yusuf Zane Zoe`)
	family = strings.Fields(`Abbas Adeyemi Almeida Andersen Bauer Becker Berg Bianchi Cardoso Castillo Chen
		Cohen Costa Dahl Diallo Dubois Eriksen Ferrari Fischer Fontaine Garcia Gomez Gupta Haddad Hansen
		Herrera Hoffmann Ito Ivanova Jansen Jensen Kaplan Kapoor Keller Khan Kim Kovacs Kowalski Kumar
		Larsen Laurent Lehmann Lindqvist Lopez Mancini Marino Mendes Moreau Morita Mwangi Nakamura Ncube
		Nguyen Novak Okafor Olsen Osei Park Patel Pereira Popescu Quinn Rahman Reyes Rinaldi Rossi Sato
		Schmidt Silva Singh Sorensen Suzuki Tanaka Torres Traore Vargas Virtanen Weber Yilmaz Zhang`)
	syllables = strings.Fields(`al ar bel bri ca cor da del el fen gal hal is ka lor lu mar mi nel nor o pel
		qua ri sel sol ta tor u val ven wil xa yor zan`)
	trades = strings.Fields(`Analytics Audio Books Ceramics Clinic Collective Design Foods Games Gardens
		Goods Labs Language Legal Logistics Media Metrics Mobility Optics Outdoors Partners Press Research
		Robotics School Software Studio Supply Systems Textiles Travel Works`)
)

// person is somebody's name and address. The number keeps two of the same name apart.
func person(r *rand.Rand, number string) (name, email string) {
	first, last := pick(r, given), pick(r, family)
	domain := pick(r, []string{"com", "net", "org"})
	email = fmt.Sprintf("%s.%s.%s@example.%s", strings.ToLower(first), strings.ToLower(last), number, domain)
	return first + " " + last, email
}

func workspace(r *rand.Rand, owner string) string {
	if r.IntN(100) < 45 {
		return owner
	}
	var name strings.Builder
	for range 2 + r.IntN(2) {
		name.WriteString(pick(r, syllables))
	}
	word := name.String()
	return strings.ToUpper(word[:1]) + word[1:] + " " + pick(r, trades)
}

var projectNames = strings.Fields(`Atlas Beacon Cascade Delta Ember Foundry Garnet Harbour Indigo Juniper
	Keystone Lantern Meridian Nimbus Orchard Pioneer Quarry Ridge Summit Tundra Umbra Vertex Willow Zephyr`)

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }
