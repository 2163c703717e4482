{{- /*
Every template takes the dict that a service's chart gives: root (its context), grpc, http, database (what it has). name is in it where
the label app.kubernetes.io/name is not the chart's name.

cartwright.prefix is what the services of one shop have before their names: nothing when a service is installed under its own
name, "blue-" in release blue-cart, "shop-" in release shop of the umbrella.
*/ -}}
{{- define "cartwright.prefix" -}}
{{- $name := .root.Chart.Name -}}
{{- $release := .root.Release.Name -}}
{{- if ne $release $name -}}
{{- if hasSuffix (printf "-%s" $name) $release -}}{{ trimSuffix $name $release }}{{- else -}}{{ $release }}-{{- end -}}
{{- end -}}
{{- end -}}

{{- define "cartwright.fullname" -}}{{ include "cartwright.prefix" . }}{{ .root.Chart.Name }}{{- end -}}

{{- /* cartwright.part names a part of a service: dict with c and part. Names that would be too long end in a hash. */ -}}
{{- define "cartwright.part" -}}
{{- $full := include "cartwright.fullname" .c -}}
{{- $room := int (sub 63 (add 1 (len .part))) -}}
{{- if gt (len $full) $room -}}{{- $full = printf "%s-%s" ($full | trunc (int (sub $room 9)) | trimSuffix "-") ($full | sha256sum | trunc 8) -}}{{- end -}}
{{- $full }}-{{ .part -}}
{{- end -}}

{{- /* cartwright.shop names the shop: its services find each other by it in network policies. */ -}}
{{- define "cartwright.shop" -}}{{ include "cartwright.prefix" . | trimSuffix "-" | default "cartwright" }}{{- end -}}

{{- /* cartwright.selector never changes: Deployments cannot. dict with c and component. */ -}}
{{- define "cartwright.selector" -}}
app.kubernetes.io/name: {{ .c.name | default .c.root.Chart.Name }}
app.kubernetes.io/instance: {{ .c.root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- /* cartwright.podLabels are those that others may select by. */ -}}
{{- define "cartwright.podLabels" -}}
{{ include "cartwright.selector" . }}
app.kubernetes.io/part-of: {{ include "cartwright.shop" .c }}
app.kubernetes.io/version: {{ include "cartwright.version" .c | quote }}
{{- end -}}

{{- define "cartwright.labels" -}}
{{ include "cartwright.podLabels" . }}
app.kubernetes.io/managed-by: {{ .c.root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .c.root.Chart.Name .c.root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "cartwright.version" -}}
{{- .root.Values.image.tag | default .root.Chart.AppVersion | replace "+" "_" | trunc 63 -}}
{{- end -}}

{{- define "cartwright.global" -}}{{ .root.Values.global | default dict | toJson }}{{- end -}}

{{- define "cartwright.image" -}}
{{- $image := .image -}}
{{- $registry := $image.registry | default (get (include "cartwright.global" .c | fromJson) "imageRegistry") -}}
{{- $name := $image.repository -}}
{{- if $registry }}{{ $name = printf "%s/%s" (trimSuffix "/" $registry) $image.repository }}{{ end -}}
{{- if $image.digest -}}{{ $name }}@{{ $image.digest }}
{{- else if $image.requireDigest -}}{{ fail "image.digest: must be set, image.requireDigest asks for it" }}
{{- else -}}{{ $name }}:{{ $image.tag | default .c.root.Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- /* cartwright.graph is callgraph.json: who calls whom. */ -}}
{{- define "cartwright.graph" -}}{{ .root.Subcharts.lib.Files.Get "callgraph.json" }}{{- end -}}

{{- /* cartwright.peers are the services that this one calls, cartwright.callers those that call it, as JSON lists. */ -}}
{{- define "cartwright.peers" -}}
{{- $graph := include "cartwright.graph" . | fromJson -}}
{{- get $graph.calls .root.Chart.Name | default list | sortAlpha | toJson -}}
{{- end -}}

{{- define "cartwright.callers" -}}
{{- $name := .root.Chart.Name -}}
{{- $callers := list -}}
{{- range $caller, $peers := (include "cartwright.graph" . | fromJson).calls }}{{ if has $name $peers }}{{ $callers = append $callers $caller }}{{ end }}{{ end -}}
{{- $callers | sortAlpha | toJson -}}
{{- end -}}

{{- /* cartwright.address is where a peer is found: dict with c, peer and port. */ -}}
{{- define "cartwright.address" -}}
{{- $peer := get .c.root.Values.peers .peer | default dict -}}
{{- if $peer.address -}}{{ $peer.address }}
{{- else -}}{{ include "cartwright.prefix" .c }}{{ .peer }}{{ with $peer.namespace }}.{{ . }}{{ end }}:{{ .port }}
{{- end -}}
{{- end -}}

{{- /* cartwright.memory is a quantity in bytes. */ -}}
{{- define "cartwright.memory" -}}
{{- $n := regexFind "^[0-9]+" . | int64 -}}
{{- if hasSuffix "Gi" . }}{{ mul $n 1073741824 }}{{ else }}{{ mul $n 1048576 }}{{ end -}}
{{- end -}}

{{- /* cartwright.heap is GOMEMLIMIT: 90 % of the memory that the container may have. */ -}}
{{- define "cartwright.heap" -}}{{ div (mul (include "cartwright.memory" .root.Values.resources.limits.memory) 9) 10 }}B{{- end -}}

{{- /* cartwright.text turns a value into the text of an environment variable: whole numbers stay without exponents. */ -}}
{{- define "cartwright.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- end -}}
