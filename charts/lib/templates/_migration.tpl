{{- /*
cartwright.migration brings the schema up to date before anything new runs. Migrations only expand, so what runs meanwhile goes on,
and a rollback needs none. All of it, the owner's secret too, is gone when it has succeeded.
*/ -}}
{{- define "cartwright.migration" }}
{{- $v := .root.Values }}
{{- $secrets := include "cartwright.migration.secrets" . | fromJson }}
{{- $name := include "cartwright.part" (dict "c" . "part" "migrate") }}
{{- $made := include "cartwright.part" (dict "c" . "part" "owner") }}
{{- $at := dict "c" . "component" "migrate" }}
{{- $sources := include "cartwright.sources" (dict "secrets" $secrets "made" $made "external" (printf "%s-external" $made)) | trim }}
{{- $pod := dict "c" . "sources" $sources }}
{{- with $secrets.create }}{{ include "cartwright.secret" (dict "c" $ "component" "migrate" "name" $made "values" . "hook" true) }}{{ end }}
{{- with $secrets.external }}
{{- include "cartwright.externalSecret" (dict "c" $ "component" "migrate" "name" (printf "%s-external" $made) "keys" . "hook" true) }}
{{- end }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ $name }}
  labels: {{- include "cartwright.labels" $at | nindent 4 }}
  annotations: {{- include "cartwright.hook" -20 | nindent 4 }}
automountServiceAccountToken: false
{{- if $v.networkPolicy.enabled }}
{{- $egress := printf "%s\n%s" (include "cartwright.egress.dns" .) (include "cartwright.egress.database" .) }}
{{- include "cartwright.network.hook" (dict "c" . "component" "migrate" "annotations" (include "cartwright.hook" -20) "egress" $egress) }}
{{- end }}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ $name }}
  labels: {{- include "cartwright.labels" $at | nindent 4 }}
  annotations: {{- include "cartwright.hook" -10 | nindent 4 }}
spec:
  backoffLimit: 3
  activeDeadlineSeconds: {{ $v.migration.timeoutSeconds }}
  template:
    metadata:
      labels: {{- include "cartwright.podLabels" $at | nindent 8 }}
    spec:
      restartPolicy: Never
      serviceAccountName: {{ $name }}
      {{- include "cartwright.pod.security" . | nindent 6 }}
      {{- with include "cartwright.pod.placement" . | trim }}{{ . | nindent 6 }}{{ end }}
      containers:
        - name: migrate
          image: {{ include "cartwright.image" (dict "c" . "image" $v.image) }}
          imagePullPolicy: {{ $v.image.pullPolicy }}
          args: [migrate]
          {{- include "cartwright.container.security" . | nindent 10 }}
          env:
            {{- include "cartwright.env" (dict "name" "VERSION" "value" (include "cartwright.version" .)) | trim | nindent 12 }}
            {{- include "cartwright.env" (dict "name" "OWNER_DATABASE_URL_FILE" "value" "/etc/cartwright/secret/OWNER_DATABASE_URL") | trim | nindent 12 }}
          resources: {{- toYaml $v.resources | nindent 12 }}
          volumeMounts: {{- include "cartwright.pod.mounts" $pod | nindent 12 }}
      volumes: {{- include "cartwright.pod.volumes" $pod | nindent 8 }}
{{- end -}}
