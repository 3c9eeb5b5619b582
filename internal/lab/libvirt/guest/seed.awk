# Reads YAML, or the JSON in it, as far as a seed needs: one "indentation<TAB>text" per entry, quotes and list dashes
# removed. Braces and brackets nest like indentation.
function emit(text) {
	gsub(/["']/, "", text)
	sub(/^[ \t]+/, "", text)
	while (sub(/^- +/, "", text)) {}
	sub(/[ \t\r]+$/, "", text)
	if (text != "") print (depth ? start + depth : indent) "\t" text
}
{
	match($0, /^ */)
	indent = RLENGTH
	if (!depth) start = indent
	if ($0 ~ /^ *#/) next
	text = ""
	for (i = 1; i <= length($0); i++) {
		c = substr($0, i, 1)
		if (c == "{" || c == "[") { emit(text); text = ""; depth++ }
		else if (c == "}" || c == "]") { emit(text); text = ""; depth-- }
		else if (c == "," && depth) { emit(text); text = "" }
		else text = text c
	}
	emit(text)
}
