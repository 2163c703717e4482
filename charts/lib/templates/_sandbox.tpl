{{- /* cartwright.sandbox.enabled says something when a service is to use the sandbox provider: payment, here or for the whole shop. */ -}}
{{- define "cartwright.sandbox.enabled" -}}
{{- if hasKey .root.Values "sandbox" -}}
{{- if or .root.Values.sandbox.enabled (get (include "cartwright.global" . | fromJson) "sandbox" | default dict).enabled }}yes{{ end -}}
{{- end -}}
{{- end -}}

{{- define "cartwright.sandbox.url" -}}http://{{ include "cartwright.prefix" . }}sandbox:8081{{- end -}}

{{- /*
cartwright.sandbox is the payment provider of development and staging: one pod, whose journal is its only state. Payment finds it by
its name and takes its secrets from the Secret of that name.
*/ -}}
{{- define "cartwright.sandbox" }}
{{- $v := .root.Values }}
{{- $name := include "cartwright.fullname" . }}
{{- $at := dict "c" . "component" "server" }}
{{- $old := (lookup "v1" "Secret" .root.Release.Namespace $name | default dict).data | default dict }}
{{- include "cartwright.account" . }}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ $name }}
  labels: {{- include "cartwright.labels" $at | nindent 4 }}
type: Opaque
data:
  {{- range $key, $given := dict "SANDBOX_API_KEY" $v.apiKey "SANDBOX_WEBHOOK_SECRET" $v.webhookSecret }}
  {{ $key }}: {{ with $given }}{{ b64enc . }}{{ else }}{{ get $old $key | default (randAlphaNum 32 | b64enc) }}{{ end }}
  {{- end }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  labels: {{- include "cartwright.labels" $at | nindent 4 }}
spec:
  replicas: 1
  revisionHistoryLimit: 3
  progressDeadlineSeconds: 300
  strategy: {type: Recreate} # two of them would not know of each other's payments
  selector:
    matchLabels: {{- include "cartwright.selector" $at | nindent 6 }}
  template:
    metadata:
      labels: {{- include "cartwright.podLabels" $at | nindent 8 }}
    spec:
      serviceAccountName: {{ $name }}
      {{- include "cartwright.pod.security" . | nindent 6 }}
      {{- with include "cartwright.pod.placement" . | trim }}{{ . | nindent 6 }}{{ end }}
      terminationGracePeriodSeconds: 30
      containers:
        - name: sandbox
          image: {{ include "cartwright.image" (dict "c" . "image" $v.image) }}
          imagePullPolicy: {{ $v.image.pullPolicy }}
          {{- include "cartwright.container.security" . | nindent 10 }}
          env:
            {{- range $key, $value := dict "SANDBOX_ADDR" ":8081" "SANDBOX_PUBLIC_URL" ($v.publicURL | default (printf "http://%s:8081" $name))
              "SANDBOX_JOURNAL" "/journal/journal.jsonl" "SANDBOX_WEBHOOK_URL" (printf "http://%sgateway/webhooks/sandbox" (include "cartwright.prefix" .))
              "SANDBOX_API_KEY_FILE" "/etc/cartwright/secret/SANDBOX_API_KEY" "SANDBOX_WEBHOOK_SECRET_FILE" "/etc/cartwright/secret/SANDBOX_WEBHOOK_SECRET" }}
            {{- include "cartwright.env" (dict "name" $key "value" $value) | trim | nindent 12 }}
            {{- end }}
            {{- range $key, $value := $v.settings }}
            {{- include "cartwright.env" (dict "name" $key "value" (include "cartwright.text" $value)) | trim | nindent 12 }}
            {{- end }}
          ports:
            - {name: http, containerPort: 8081}
          startupProbe:
            tcpSocket: {port: http}
            periodSeconds: 1
            failureThreshold: 60
          readinessProbe:
            tcpSocket: {port: http}
            periodSeconds: 2
          livenessProbe:
            tcpSocket: {port: http}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          resources: {{- toYaml $v.resources | nindent 12 }}
          volumeMounts:
            - {name: journal, mountPath: /journal}
            - {name: secret, mountPath: /etc/cartwright/secret, readOnly: true}
      volumes:
        - name: journal
          {{- if $v.journal.claim }}
          persistentVolumeClaim: {claimName: {{ $v.journal.claim }}}
          {{- else }}
          emptyDir: {sizeLimit: {{ $v.journal.sizeLimit }}}
          {{- end }}
        - name: secret
          secret: {secretName: {{ $name }}, defaultMode: 0400}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
  labels: {{- include "cartwright.labels" $at | nindent 4 }}
spec:
  ports:
    - {name: http, port: 8081, targetPort: http}
  selector: {{- include "cartwright.selector" $at | nindent 4 }}
{{- if $v.networkPolicy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ $name }}
  labels: {{- include "cartwright.labels" $at | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "cartwright.selector" $at | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- if $v.networkPolicy.openToBuyers }}
    - ports: # its pages, which buyers visit
        - {protocol: TCP, port: http}
    {{- else }}
    - from:
        {{- range list "payment" "audit" }}{{ include "cartwright.pods" (dict "c" $ "name" . "namespace" "") | nindent 8 }}{{ end }}
      ports:
        - {protocol: TCP, port: http}
    {{- end }}
  egress:
    {{- include "cartwright.egress.dns" . | nindent 4 }}
    - to: {{- include "cartwright.pods" (dict "c" . "name" "gateway" "namespace" "") | nindent 8 }}
      ports:
        - {protocol: TCP, port: 8080}
{{- end }}
{{- end -}}
