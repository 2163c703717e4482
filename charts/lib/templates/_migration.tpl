{{- /*
cartwright.migration brings the schema up to date before anything new runs. Migrations only expand, so what runs meanwhile goes on,
and a rollback needs none. All of it, the owner's secret too, is gone when it has succeeded.
*/ -}}
{{- define "cartwright.migration" }}
{{- $v := .root.Values }}
{{- $secrets := include "cartwright.migration.secrets" . | fromJson }}
{{- $made := include "cartwright.part" (dict "c" . "part" "owner") }}
{{- $sources := include "cartwright.sources" (dict "secrets" $secrets "made" $made "external" (printf "%s-external" $made)) | trim }}
{{- with $secrets.create }}{{ include "cartwright.secret" (dict "c" $ "component" "migrate" "name" $made "values" . "hook" true) }}{{ end }}
{{- with $secrets.external }}
{{- include "cartwright.externalSecret" (dict "c" $ "component" "migrate" "name" (printf "%s-external" $made) "keys" . "hook" true) }}
{{- end }}
{{- include "cartwright.migration.account" (dict "c" . "component" "migrate") }}
{{- if $v.networkPolicy.enabled }}{{ include "cartwright.migration.network" (dict "c" . "component" "migrate") }}{{ end }}
{{- $env := list (dict "name" "VERSION" "value" (include "cartwright.version" .)) (dict "name" "OWNER_DATABASE_URL_FILE" "value" "/etc/cartwright/secret/OWNER_DATABASE_URL") }}
{{- include "cartwright.migration.job" (dict "c" . "component" "migrate" "weight" -10 "image" $v.image "args" (list "migrate") "env" $env "sources" $sources) }}
{{- end -}}

{{- /* cartwright.migration.account is the account of a Job before an install and an upgrade: dict with c and component. */ -}}
{{- define "cartwright.migration.account" }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "cartwright.part" (dict "c" .c "part" .component) }}
  labels: {{- include "cartwright.labels" . | nindent 4 }}
  annotations: {{- include "cartwright.hook" -20 | nindent 4 }}
automountServiceAccountToken: false
{{- end -}}

{{- /* cartwright.migration.network lets a Job reach the database and nothing else: dict with c and component. */ -}}
{{- define "cartwright.migration.network" -}}
{{- $egress := printf "%s\n%s" (include "cartwright.egress.dns" .c) (include "cartwright.egress.database" .c) -}}
{{- include "cartwright.network.hook" (dict "c" .c "component" .component "annotations" (include "cartwright.hook" -20) "egress" $egress) }}
{{- end -}}

{{- /*
cartwright.migration.job is a Job before an install and an upgrade: dict with c, component, weight, image, args, env and sources; and
account (the migration's) and timeoutSeconds (that of values) where they are others.
*/ -}}
{{- define "cartwright.migration.job" }}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "cartwright.part" (dict "c" .c "part" .component) }}
  labels: {{- include "cartwright.labels" . | nindent 4 }}
  annotations: {{- include "cartwright.hook" .weight | nindent 4 }}
spec:
  backoffLimit: 3
  activeDeadlineSeconds: {{ with .timeoutSeconds }}{{ . }}{{ else }}{{ .c.root.Values.migration.timeoutSeconds }}{{ end }}
  template:
    metadata:
      labels: {{- include "cartwright.podLabels" . | nindent 8 }}
    spec:
      restartPolicy: Never
      serviceAccountName: {{ include "cartwright.part" (dict "c" .c "part" (.account | default "migrate")) }}
      {{- include "cartwright.pod.security" .c | nindent 6 }}
      {{- with include "cartwright.pod.placement" .c | trim }}{{ . | nindent 6 }}{{ end }}
      containers:
        - name: {{ .component }}
          image: {{ include "cartwright.image" (dict "c" .c "image" .image) }}
          imagePullPolicy: {{ .image.pullPolicy }}
          args: {{ toJson .args }}
          {{- include "cartwright.container.security" .c | nindent 10 }}
          env:
            {{- range .env }}{{ include "cartwright.env" . | trim | nindent 12 }}{{ end }}
          resources: {{- toYaml .c.root.Values.resources | nindent 12 }}
          volumeMounts: {{- include "cartwright.pod.mounts" . | nindent 12 }}
      volumes: {{- include "cartwright.pod.volumes" . | nindent 8 }}
{{- end -}}

{{- /*
cartwright.provision prepares a database of which only the administrator's URL is known: schema, roles and their passwords, before the
migration. The URL is gone when the install is done.
*/ -}}
{{- define "cartwright.provision" }}
{{- $name := include "cartwright.part" (dict "c" . "part" "provision") }}
{{- $values := dict "ADMIN_DATABASE_URL" (get (include "cartwright.global" . | fromJson) "database").adminURL }}
{{- $_ := set $values "DATABASE_URL" (include "cartwright.url" (dict "c" . "role" "app" "password" "")) }}
{{- $_ := set $values "OWNER_DATABASE_URL" (include "cartwright.url" (dict "c" . "role" "owner" "password" "")) }}
{{- include "cartwright.secret" (dict "c" . "component" "provision" "name" $name "values" $values "hook" true) }}
{{- if .root.Values.networkPolicy.enabled }}{{ include "cartwright.migration.network" (dict "c" . "component" "provision") }}{{ end }}
{{- $env := list }}
{{- range keys $values | sortAlpha }}{{ $env = append $env (dict "name" (printf "%s_FILE" .) "value" (printf "/etc/cartwright/secret/%s" .)) }}{{ end }}
{{- $sources := include "cartwright.sources" (dict "secrets" (dict "create" $values) "made" $name) | trim }}
{{- include "cartwright.migration.job" (dict "c" . "component" "provision" "weight" -15 "image" .root.Values.migration.provision "args" (list .root.Chart.Name) "env" $env "sources" $sources) }}
{{- end -}}
