{{/* Names, labels, and what the pods have in common. */}}

{{- define "openclaw.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "openclaw.releaseLabels" . }}
{{- end }}

{{- define "openclaw.releaseLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "openclaw.gatewaySelector" -}}
{{ include "openclaw.releaseLabels" . }}
app.kubernetes.io/component: gateway
{{- end }}

{{- define "openclaw.secretName" -}}
{{ .Values.secret.existingSecretName | default (printf "%s-secret" .Release.Name) }}
{{- end }}

{{- define "openclaw.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default .Release.Name }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end }}

{{- define "openclaw.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{- define "openclaw.url" -}}
http://{{ .Release.Name }}:{{ .Values.service.port }}
{{- end }}

{{- define "openclaw.pathPrefix" -}}
{{ .Values.backup.pathPrefix | default (printf "%s/%s" .Release.Namespace .Release.Name) }}
{{- end }}

{{/* Keys of the secret that the gateway cannot do without, separated by spaces. */}}
{{- define "openclaw.requiredKeys" -}}
OPENCLAW_GATEWAY_TOKEN
{{- if .Values.backup.enabled }} S3_BUCKET
{{- if not .Values.backup.workloadIdentity }} S3_ACCESS_KEY_ID S3_SECRET_ACCESS_KEY{{ end }}
{{- end }}
{{- end }}

{{/* openclaw.json as it is mounted; empty when nothing is desired. */}}
{{- define "openclaw.config" -}}
{{- with .Values.config.desired -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ toPrettyJson . }}{{ end -}}
{{- end -}}
{{- end }}

{{/* Of every pod: the restricted profile of the pod security standards. */}}
{{- define "openclaw.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
# Else the modes of all files on the volume would be opened to the group at each start, the signing key's, too.
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "openclaw.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop:
    - ALL
{{- end }}

{{- define "openclaw.scheduling" -}}
{{- with .Values.pod.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.pod.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.pod.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.pod.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "openclaw.container" -}}
image: {{ include "openclaw.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- include "openclaw.securityContext" . | nindent 2 }}
{{- end }}

{{/* What a process that works on the volumes is told: where they are, where backups go, what has to be there. */}}
{{- define "openclaw.stateEnvironment" -}}
envFrom:
  - secretRef:
      name: {{ include "openclaw.secretName" . }}
env:
  - name: OPENCLAW_STATE_DIR
    value: /home/node/.openclaw
  {{- if .Values.persistence.splitVolumes }}
  - name: OPENCLAW_WORKSPACE_DIR
    value: /home/node/.openclaw/workspace
  {{- end }}
  - name: S3_PREFIX
    value: {{ include "openclaw.pathPrefix" . | quote }}
  - name: OPENCLAW_REQUIRED_ENV
    value: {{ include "openclaw.requiredKeys" . | quote }}
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* What a process that only calls the gateway is told: no S3 keys. */}}
{{- define "openclaw.callerEnvironment" -}}
env:
  - name: OPENCLAW_GATEWAY_URL
    value: {{ include "openclaw.url" . }}
  - name: OPENCLAW_GATEWAY_TOKEN
    valueFrom:
      secretKeyRef:
        name: {{ include "openclaw.secretName" . }}
        key: OPENCLAW_GATEWAY_TOKEN
{{- end }}

{{- define "openclaw.stateMounts" -}}
- name: state
  mountPath: /home/node/.openclaw
{{- if .Values.persistence.splitVolumes }}
- name: workspace
  mountPath: /home/node/.openclaw/workspace
{{- end }}
- name: tmp
  mountPath: /tmp
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "openclaw.volumes" -}}
- name: tmp
  emptyDir: {}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The spec of a claim. Takes a dict of persistence (of one volume), snapshot (its name, or empty). */}}
{{- define "openclaw.claimSpec" -}}
accessModes:
  {{- toYaml .persistence.accessModes | nindent 2 }}
{{- with .persistence.storageClass }}
storageClassName: {{ ternary "" . (eq . "-") | quote }}
{{- end }}
resources:
  requests:
    storage: {{ .persistence.size }}
{{- with .snapshot }}
dataSource:
  apiGroup: snapshot.storage.k8s.io
  kind: VolumeSnapshot
  name: {{ . }}
{{- end }}
{{- end }}
