#!/usr/bin/env bash
# Checks that what is generated and committed is what its sources generate: the Go code of the
# templates, and the style sheet, font, icons and scripts. It works on a copy, so that it changes
# nothing, and says what it left out.
set -euo pipefail
cd "$(dirname "$0")/.."

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
stale=0

# differ REPORTS A FILE whose copy is not the same.
differ() {
	if ! cmp -s "$1" "$copy/$1"; then
		echo "stale: $1 (run make $2)"
		stale=1
	fi
}

templ=$(go tool -n templ)
tar -cf - --exclude=node_modules go.mod static $(find . -name '*.templ' -not -path '*/node_modules/*') \
	$(find views -name '*.go') | tar -xf - -C "$copy"
(cd "$copy" && "$templ" generate -log-level error)
for template in $(find . -name '*.templ' -not -path '*/node_modules/*'); do
	differ "${template%.templ}_templ.go" generate
done
for generated in $(find . -name '*_templ.go' -not -path '*/node_modules/*'); do
	if [ ! -e "${generated%_templ.go}.templ" ]; then
		echo "stale: $generated has no template"
		stale=1
	fi
done

if command -v npm >/dev/null; then
	make -s static/node_modules/.ready
	cp -a static/node_modules "$copy/static/"
	(cd "$copy/static" && npm run build --silent)
	# The compressed forms depend on the zlib of the Node that made them, so only what they hold is
	# compared; static's own test compares them with that.
	for file in $(find static/dist "$copy/static/dist" -type f -not -name '*.br' -not -name '*.gz' |
		sed "s#^$copy/##" | sort -u) views/ui/icon_paths.go; do
		differ "$file" css
	done
elif [ "${CI:-}" = true ]; then
	echo "CI must check the style sheet, and there is no npm"
	stale=1
else
	echo "skipped: the style sheet's check, because there is no npm"
fi

if [ "$stale" = 0 ]; then
	echo "generated files are current"
fi
exit "$stale"
