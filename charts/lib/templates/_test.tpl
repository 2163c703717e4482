{{- /* cartwright.test.hook: the argument is its weight. The pod stays until the next test, for its log. */ -}}
{{- define "cartwright.test.hook" -}}
helm.sh/hook: test
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation
{{- end -}}

{{- /*
cartwright.test is what `helm test` runs. The gateway's buys something; that of the others checks the settings and secrets that the
release gives to the service, with its own image.
*/ -}}
{{- define "cartwright.test" }}
{{- $v := .root.Values }}
{{- $name := include "cartwright.part" (dict "c" . "part" "test") }}
{{- $at := dict "c" . "component" "test" }}
{{- $files := include "cartwright.server.files" . | fromJson }}
{{- $pod := dict "c" . "sources" $files.sources "mtls" true }}
{{- $egress := "[]" }}
{{- if .http }}
{{- $pod = dict "c" . "sources" "" }}
{{- $gateway := printf "- to:\n%s\n  ports:\n    - {protocol: TCP, port: 8080}" (include "cartwright.pods" (dict "c" . "name" .root.Chart.Name "namespace" "") | indent 4) }}
{{- $egress = printf "%s\n%s" (include "cartwright.egress.dns" .) $gateway }}
{{- end }}
{{- if $v.networkPolicy.enabled }}
{{- include "cartwright.network.hook" (dict "c" . "component" "test" "annotations" (include "cartwright.test.hook" -10) "egress" $egress) }}
{{- end }}
---
apiVersion: v1
kind: Pod
metadata:
  name: {{ $name }}
  labels: {{- include "cartwright.labels" $at | nindent 4 }}
  annotations: {{- include "cartwright.test.hook" 0 | nindent 4 }}
spec:
  restartPolicy: Never
  serviceAccountName: {{ include "cartwright.fullname" . }}
  {{- include "cartwright.pod.security" . | nindent 2 }}
  {{- with include "cartwright.pod.placement" . | trim }}{{ . | nindent 2 }}{{ end }}
  containers:
    - name: test
      {{- if .http }}
      image: {{ include "cartwright.image" (dict "c" . "image" $v.smoke.image) }}
      imagePullPolicy: {{ $v.smoke.image.pullPolicy }}
      args: {{- concat (list "-url" (printf "http://%s" (include "cartwright.fullname" .))) $v.smoke.args | toYaml | nindent 8 }}
      env: []
      {{- else }}
      image: {{ include "cartwright.image" (dict "c" . "image" $v.image) }}
      imagePullPolicy: {{ $v.image.pullPolicy }}
      args: [check]
      env: {{- include "cartwright.pod.env" (dict "c" . "files" $files.names) | trim | nindent 8 }}
      {{- end }}
      {{- include "cartwright.container.security" . | nindent 6 }}
      resources: {{- toYaml $v.resources | nindent 8 }}
      volumeMounts: {{- include "cartwright.pod.mounts" $pod | nindent 8 }}
  volumes: {{- include "cartwright.pod.volumes" $pod | nindent 4 }}
{{- end -}}
