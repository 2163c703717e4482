{{- /*
cartwright.secret.settings gives the names of the secret settings of some secrets as a JSON list, and refuses one that has two
sources: dict with c, secrets and path.
*/ -}}
{{- define "cartwright.secret.settings" -}}
{{- $names := list -}}
{{- range $source := list "create" "existing" "external" -}}
{{- range $name := keys (get $.secrets $source) | sortAlpha -}}
{{- if has $name $names }}{{ fail (printf "%s.%s.%s: has another source already" $.path $source $name) }}{{ end -}}
{{- $names = append $names $name -}}
{{- end -}}
{{- end -}}
{{- $names | sortAlpha | toJson -}}
{{- end -}}

{{- /* cartwright.secrets are those of the server, with what the chart adds: the URL of a shop-wide database, as JSON. */ -}}
{{- define "cartwright.secrets" -}}
{{- $secrets := deepCopy .root.Values.secrets -}}
{{- $known := include "cartwright.secret.settings" (dict "c" . "secrets" $secrets "path" "secrets") | fromJsonArray -}}
{{- if and .database (not (has "DATABASE_URL" $known)) -}}
{{- $url := include "cartwright.url" (dict "c" . "role" "app" "password" "appPassword") -}}
{{- if not $url }}{{ fail "secrets: DATABASE_URL must be in create, existing or external" }}{{ end -}}
{{- $_ := set $secrets.create "DATABASE_URL" $url -}}
{{- end -}}
{{- $secrets | toJson -}}
{{- end -}}

{{- define "cartwright.migration.secrets" -}}
{{- $secrets := deepCopy .root.Values.migration.secrets -}}
{{- $known := include "cartwright.secret.settings" (dict "c" . "secrets" $secrets "path" "migration.secrets") | fromJsonArray -}}
{{- if not (has "OWNER_DATABASE_URL" $known) -}}
{{- $url := include "cartwright.url" (dict "c" . "role" "owner" "password" "ownerPassword") -}}
{{- if not $url }}{{ fail "migration.secrets: OWNER_DATABASE_URL must be in create, existing or external" }}{{ end -}}
{{- $_ := set $secrets.create "OWNER_DATABASE_URL" $url -}}
{{- end -}}
{{- $secrets | toJson -}}
{{- end -}}

{{- /*
cartwright.url is a service's URL of global.database: dict with c, role and password (the key of it); user of c, where the role is not
named after the service. Where only the administrator's URL
is given, the passwords are derived from it.
*/ -}}
{{- define "cartwright.url" -}}
{{- $service := .c.root.Chart.Name -}}
{{- with get (include "cartwright.global" .c | fromJson) "database" -}}
{{- $address := .address -}}
{{- $password := get . $.password -}}
{{- with .adminURL -}}
{{- $at := urlParse . -}}
{{- $address = printf "%s%s%s" $at.host $at.path (ternary (printf "?%s" $at.query) "" (ne $at.query "")) -}}
{{- $password = printf "%s %s %s" . $service $.role | sha256sum -}}
{{- end -}}
{{- if $address }}postgres://{{ $.c.user | default (printf "%s_%s" $service $.role) }}:{{ urlquery $password | replace "+" "%20" }}@{{ $address }}{{ end -}}
{{- end -}}
{{- end -}}

{{- /* cartwright.sources lists the sources of a projected volume: dict with secrets, made
(name of the chart's Secret), external (of the ExternalSecret's). */ -}}
{{- define "cartwright.sources" -}}
{{- with .secrets.create }}
- secret:
    name: {{ $.made }}
    items: {{ range keys . | sortAlpha }}
      - {key: {{ . }}, path: {{ . }}}{{ end }}
{{- end }}
{{- range $name, $from := .secrets.existing }}
- secret:
    name: {{ $from.name }}
    items:
      - {key: {{ $from.key | quote }}, path: {{ $name }}}
{{- end }}
{{- with .secrets.external }}
- secret:
    name: {{ $.external }}
    items: {{ range keys . | sortAlpha }}
      - {key: {{ . }}, path: {{ . }}}{{ end }}
{{- end }}
{{- end -}}

{{- /* cartwright.secret is a Secret of values: dict with c, name, component, values and hook. */ -}}
{{- define "cartwright.secret" }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ .name }}
  labels: {{- include "cartwright.labels" . | nindent 4 }}
  {{- if .hook }}
  annotations: {{- include "cartwright.hook" -20 | nindent 4 }}
  {{- end }}
type: Opaque
stringData:
  {{- range $name, $value := .values }}
  {{ $name }}: {{ $value | quote }}
  {{- end }}
{{- end -}}

{{- /* cartwright.externalSecret asks the External Secrets Operator for a Secret: dict with c, name, component, keys and hook. */ -}}
{{- define "cartwright.externalSecret" }}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: {{ .name }}
  labels: {{- include "cartwright.labels" . | nindent 4 }}
  {{- if .hook }}
  annotations: {{- include "cartwright.hook" -20 | nindent 4 }}
  {{- end }}
spec:
  refreshInterval: {{ .c.root.Values.secrets.refreshInterval }}
  secretStoreRef:
    name: {{ required "secrets.store.name: must be set, secrets are external" .c.root.Values.secrets.store.name }}
    kind: {{ .c.root.Values.secrets.store.kind }}
  target:
    name: {{ .name }}
    creationPolicy: Owner
  data:
    {{- range $name, $ref := .keys }}
    - secretKey: {{ $name }}
      remoteRef:
        key: {{ $ref.key | quote }}
        {{- with $ref.property }}
        property: {{ . | quote }}
        {{- end }}
    {{- end }}
{{- end -}}

{{- /*
cartwright.generated keeps secrets that somebody has to make up once: a Secret that stays when the release goes, because what was
made with it (gift card codes) is worthless without it. dict with c, component and names.
*/ -}}
{{- define "cartwright.generated" }}
{{- $name := include "cartwright.part" (dict "c" .c "part" "generated") -}}
{{- $old := (lookup "v1" "Secret" .c.root.Release.Namespace $name | default dict).data | default dict }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ $name }}
  labels: {{- include "cartwright.labels" . | nindent 4 }}
  annotations:
    helm.sh/resource-policy: keep
type: Opaque
data:
  {{- range .names }}
  {{ . }}: {{ get $old . | default (randAlphaNum 48 | b64enc) }}
  {{- end }}
{{- end -}}

{{- /* cartwright.hook makes a resource live as long as the migration does; the argument is its weight. */ -}}
{{- define "cartwright.hook" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}
