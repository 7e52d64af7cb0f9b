{{/* Refuses, with all reasons at once, values that would make a release that does not do what it says. */}}
{{- define "openclaw.validate" -}}
{{- $problems := list -}}
{{- $secret := .Values.secret -}}
{{- $backup := .Values.backup -}}
{{- $restore := .Values.restore -}}
{{- $given := list -}}
{{- range $key, $value := $secret.data }}{{ if $value }}{{ $given = append $given $key }}{{ end }}{{ end -}}

{{- if not (regexMatch "^[a-z]([-a-z0-9]{0,40}[a-z0-9])?$" .Release.Name) -}}
{{- $problems = append $problems (printf "the release's name %q does not fit: it names the Service and the jobs, so it takes at most 42 of a-z, 0-9 and -, and begins with a letter" .Release.Name) -}}
{{- end -}}

{{- if $secret.existingSecretName -}}
{{- with $given -}}
{{- $problems = append $problems (printf "secret.existingSecretName is %q, and secret.data has %s: what stands in secret.data would be ignored. Put it into that secret, or leave existingSecretName empty" $secret.existingSecretName (join ", " (sortAlpha .))) -}}
{{- end -}}
{{- else if not $secret.create -}}
{{- $problems = append $problems "secret.create is false, and secret.existingSecretName is empty: the gateway does not start without OPENCLAW_GATEWAY_TOKEN. Name a secret that has it" -}}
{{- else if $backup.enabled -}}
{{- $missing := list -}}
{{- range $key := splitList " " (include "openclaw.requiredKeys" .) -}}
{{- if and (ne $key "OPENCLAW_GATEWAY_TOKEN") (not (has $key $given)) }}{{ $missing = append $missing $key }}{{ end -}}
{{- end -}}
{{- with $missing -}}
{{- $keys := ternary "" ", or set backup.workloadIdentity=true where the pod's identity gives the keys" (or $backup.workloadIdentity (eq (join "" .) "S3_BUCKET")) -}}
{{- $problems = append $problems (printf "backup.enabled is true, and secret.data lacks %s: set %s, name a secret that has them in secret.existingSecretName%s" (join ", " .) (ternary "it" "them" (eq (len .) 1)) $keys) -}}
{{- end -}}
{{- end -}}

{{- if $backup.enabled -}}
{{- with include "openclaw.cronProblem" (dict "path" "backup.schedule" "schedule" $backup.schedule) -}}
{{- $problems = append $problems . -}}
{{- end -}}
{{- end -}}
{{- if or (hasPrefix "/" $backup.pathPrefix) (hasSuffix "/" $backup.pathPrefix) (contains "//" $backup.pathPrefix) (has ".." (splitList "/" $backup.pathPrefix)) -}}
{{- $problems = append $problems (printf "backup.pathPrefix is %q: it is a prefix of keys such as team/gateway, without a / at its ends, empty segments or .." $backup.pathPrefix) -}}
{{- end -}}

{{- if and $restore.from (or $restore.volumeSnapshot $restore.workspaceVolumeSnapshot) -}}
{{- $problems = append $problems "restore.from and restore.volumeSnapshot are both set: a volume is restored from one of them" -}}
{{- end -}}
{{- if and $restore.from (not (regexMatch "^(s3://[^/]+/.+|/var/backups/openclawmu/.+)$" $restore.from)) -}}
{{- $problems = append $problems (printf "restore.from is %q: it takes s3://bucket/prefix/set/, an object s3://bucket/key, or a path below /var/backups/openclawmu" $restore.from) -}}
{{- end -}}
{{- if and (hasPrefix "/" $restore.from) (not $restore.existingClaim) -}}
{{- $problems = append $problems "restore.from is a path, and restore.existingClaim is empty: name the claim that holds it" -}}
{{- end -}}
{{- if and $restore.workspaceVolumeSnapshot (not .Values.persistence.splitVolumes) -}}
{{- $problems = append $problems "restore.workspaceVolumeSnapshot is set, and persistence.splitVolumes is false: there is no volume for it" -}}
{{- end -}}
{{- if and .Values.persistence.splitVolumes (ne (empty $restore.volumeSnapshot) (empty $restore.workspaceVolumeSnapshot)) -}}
{{- $problems = append $problems "persistence.splitVolumes is true, and only one of restore.volumeSnapshot and restore.workspaceVolumeSnapshot is set: state and workspace would be of different times" -}}
{{- end -}}

{{- if .Values.volumeSnapshots.enabled -}}
{{- if not (.Capabilities.APIVersions.Has "snapshot.storage.k8s.io/v1/VolumeSnapshot") -}}
{{- $problems = append $problems "volumeSnapshots.enabled is true, and the cluster has no snapshot.storage.k8s.io/v1: install the CSI snapshot controller and its CRDs (with helm template: --api-versions snapshot.storage.k8s.io/v1/VolumeSnapshot)" -}}
{{- end -}}
{{- with include "openclaw.cronProblem" (dict "path" "volumeSnapshots.schedule" "schedule" .Values.volumeSnapshots.schedule) -}}
{{- $problems = append $problems . -}}
{{- end -}}
{{- end -}}

{{- with $problems -}}
{{- fail (printf "\n\n  %s.\n" (join ".\n  " .)) -}}
{{- end -}}
{{- end }}
