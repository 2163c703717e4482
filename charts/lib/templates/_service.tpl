{{- /*
cartwright.service is a whole service. Its chart gives a dict: root (its context), what it serves and has (grpc, http, database),
and generate, the names of secrets that the chart makes up when nobody gives them.
*/ -}}
{{- define "cartwright.service" -}}
{{- $v := .root.Values }}
{{- $at := dict "c" . "component" "server" }}
{{- $files := include "cartwright.server.files" . | fromJson }}
{{- $secrets := include "cartwright.secrets" . | fromJson }}
{{- if and $v.autoscaling.enabled (gt (int $v.autoscaling.minReplicas) (int $v.autoscaling.maxReplicas)) }}{{ fail "autoscaling.minReplicas: is over autoscaling.maxReplicas" }}{{ end }}
{{- include "cartwright.account" . }}
{{- with $secrets.create }}{{ include "cartwright.secret" (dict "c" $ "component" "server" "name" (include "cartwright.part" (dict "c" $ "part" "secret")) "values" .) }}{{ end }}
{{- with $secrets.external }}
{{- include "cartwright.externalSecret" (dict "c" $ "component" "server" "name" (include "cartwright.part" (dict "c" $ "part" "external")) "keys" .) }}
{{- end }}
{{- with $files.generated }}{{ include "cartwright.generated" (dict "c" $ "component" "server" "names" .) }}{{ end }}
{{- if and .database $v.migration.enabled }}
{{- if (get (include "cartwright.global" . | fromJson) "database" | default dict).adminURL }}{{ include "cartwright.provision" . }}{{ end }}
{{- include "cartwright.migration" . }}
{{- end }}
{{- include "cartwright.deployment" . }}
{{- include "cartwright.services" . }}
{{- include "cartwright.scale" . }}
{{- if $v.networkPolicy.enabled }}{{ include "cartwright.network" . }}{{ end }}
{{- with include "cartwright.mtls" . | fromJson }}{{ if and .enabled .certificate.enabled }}{{ include "cartwright.certificate" $ }}{{ end }}{{ end }}
{{- if .http }}{{ include "cartwright.route" . }}{{ end }}
{{- include "cartwright.test" . }}
{{- end -}}

{{- /* cartwright.notes is what an operator reads after an install. */ -}}
{{- define "cartwright.notes" -}}
{{- $name := include "cartwright.fullname" . -}}
{{- $ns := .root.Release.Namespace -}}
{{ $name }} {{ include "cartwright.version" . }} is in namespace {{ $ns }}.

  what runs    kubectl -n {{ $ns }} rollout status deployment/{{ $name }}
  test it      helm -n {{ $ns }} test {{ .root.Release.Name }} --logs
  roll back    helm -n {{ $ns }} rollback {{ .root.Release.Name }} --wait
{{- if .http }}
  reach it     kubectl -n {{ $ns }} port-forward service/{{ $name }} 8080:80
{{- else }}
  called at    {{ $name }}.{{ $ns }}:9000 (gRPC, clients balance over the pods)
{{- end }}
{{- with include "cartwright.peers" . | fromJsonArray }}
  it calls     {{ join ", " . }}
{{- end }}
{{- end -}}
