{{- /* cartwright.pod.security is what every pod runs with: nothing of the host, no rights, no files to write. */ -}}
{{- define "cartwright.pod.security" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001 # secrets have mode 0400 and are read through it
  seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "cartwright.container.security" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{- /* cartwright.pod.placement is where pods may run. */ -}}
{{- define "cartwright.pod.placement" -}}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* cartwright.env is one variable: dict with name and value. */ -}}
{{- define "cartwright.env" }}
- {name: {{ .name }}, value: {{ .value | quote }}}
{{- end -}}

{{- /* cartwright.pod.env is the environment of the server: dict with c and files, the names of its secret settings. */ -}}
{{- define "cartwright.pod.env" -}}
{{- $c := .c -}}
{{- $v := .c.root.Values -}}
{{- include "cartwright.env" (dict "name" "VERSION" "value" (include "cartwright.version" $c)) }}
{{- include "cartwright.env" (dict "name" "OPS_ADDR" "value" ":9090") }}
{{- if $c.grpc }}{{ include "cartwright.env" (dict "name" "GRPC_ADDR" "value" ":9000") }}{{ end }}
{{- if $c.http }}{{ include "cartwright.env" (dict "name" "HTTP_ADDR" "value" ":8080") }}{{ end }}
{{- include "cartwright.env" (dict "name" "DRAIN_TIMEOUT" "value" (printf "%ds" (int $v.drain.timeoutSeconds))) }}
{{- include "cartwright.env" (dict "name" "GOMEMLIMIT" "value" (include "cartwright.heap" $c)) }}
{{- if $c.database }}{{ include "cartwright.env" (dict "name" "DATABASE_MAX_CONNS" "value" (int $v.database.maxConnections | toString)) }}{{ end }}
{{- range $peer := include "cartwright.peers" $c | fromJsonArray }}
{{- include "cartwright.env" (dict "name" (printf "%s_ADDR" (upper $peer)) "value" (include "cartwright.address" (dict "c" $c "peer" $peer "port" 9000))) }}
{{- end }}
{{- with $v.tracing.endpoint }}{{ include "cartwright.env" (dict "name" "OTEL_EXPORTER_OTLP_ENDPOINT" "value" .) }}{{ end }}
{{- if (include "cartwright.mtls" $c | fromJson).enabled }}
{{- include "cartwright.env" (dict "name" "MTLS_CERT_FILE" "value" "/etc/cartwright/mtls/tls.crt") }}
{{- include "cartwright.env" (dict "name" "MTLS_KEY_FILE" "value" "/etc/cartwright/mtls/tls.key") }}
{{- include "cartwright.env" (dict "name" "MTLS_CA_FILE" "value" "/etc/cartwright/mtls/ca.crt") }}
{{- end }}
{{- if include "cartwright.sandbox.enabled" $c }}{{ include "cartwright.env" (dict "name" "SANDBOX_URL" "value" (include "cartwright.sandbox.url" $c)) }}{{ end }}
{{- range .files }}{{ include "cartwright.env" (dict "name" (printf "%s_FILE" .) "value" (printf "/etc/cartwright/secret/%s" .)) }}{{ end }}
{{- range $name, $value := $v.settings }}{{ include "cartwright.env" (dict "name" $name "value" (include "cartwright.text" $value)) }}{{ end }}
{{- end -}}

{{- /* cartwright.pod.volumes are the files of a pod, cartwright.pod.mounts where they are: dict with c, sources (a list in YAML, empty for
none) and mtls. */ -}}
{{- define "cartwright.pod.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
{{- with .sources }}
- name: secret
  projected:
    defaultMode: 0400
    sources: {{- . | nindent 6 }}
{{- end }}
{{- if and .c.database .c.root.Values.database.ca.configMap }}
- name: database-ca
  configMap:
    name: {{ .c.root.Values.database.ca.configMap }}
    items:
      - {key: {{ .c.root.Values.database.ca.key }}, path: ca.pem}
{{- end }}
{{- if and .mtls (include "cartwright.mtls" .c | fromJson).enabled }}
- name: mtls
  secret:
    secretName: {{ include "cartwright.mtls.secret" .c }}
    defaultMode: 0400
{{- end }}
{{- end -}}

{{- define "cartwright.pod.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if .sources }}
- {name: secret, mountPath: /etc/cartwright/secret, readOnly: true}
{{- end }}
{{- if and .c.database .c.root.Values.database.ca.configMap }}
- {name: database-ca, mountPath: /etc/cartwright/database, readOnly: true}
{{- end }}
{{- if and .mtls (include "cartwright.mtls" .c | fromJson).enabled }}
- {name: mtls, mountPath: /etc/cartwright/mtls, readOnly: true}
{{- end }}
{{- end -}}

{{- /* cartwright.mtls is how a service proves who it is, of its own values and of those of the whole shop, as JSON. */ -}}
{{- define "cartwright.mtls" -}}
{{- mergeOverwrite (deepCopy .root.Values.mtls) (get (include "cartwright.global" . | fromJson) "mtls" | default dict) | toJson -}}
{{- end -}}

{{- define "cartwright.mtls.secret" -}}
{{- (include "cartwright.mtls" . | fromJson).secret | default (include "cartwright.part" (dict "c" . "part" "tls")) -}}
{{- end -}}
