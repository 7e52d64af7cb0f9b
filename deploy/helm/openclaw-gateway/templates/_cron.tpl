{{/*
What is wrong with a CronJob's schedule, as a sentence; empty when nothing is. Takes a dict of path (for the message) and
schedule. Kubernetes' rules: five fields, or a name such as @daily; names of months and days; Sunday is 0 and never 7; ranges go
upwards. https://pkg.go.dev/github.com/robfig/cron/v3#hdr-CRON_Expression_Format
*/}}
{{- define "openclaw.cronProblem" -}}
{{- $said := printf "%s is %q, which is not a cron expression" .path .schedule -}}
{{- $months := list "jan" "feb" "mar" "apr" "may" "jun" "jul" "aug" "sep" "oct" "nov" "dec" -}}
{{- $days := list "sun" "mon" "tue" "wed" "thu" "fri" "sat" -}}
{{- $fields := list
  (dict "name" "minute" "min" 0 "max" 59 "names" list)
  (dict "name" "hour" "min" 0 "max" 23 "names" list)
  (dict "name" "day of the month" "min" 1 "max" 31 "names" list)
  (dict "name" "month" "min" 1 "max" 12 "names" $months)
  (dict "name" "day of the week" "min" 0 "max" 6 "names" $days) -}}
{{- if not (has .schedule (list "@yearly" "@annually" "@monthly" "@weekly" "@daily" "@midnight" "@hourly")) -}}
{{- $parts := regexSplit "\\s+" (trim .schedule) -1 -}}
{{- if ne (len $parts) 5 -}}
{{ $said }}: it needs five fields (minute, hour, day of the month, month, day of the week), as in "0 2 * * *"
{{- else -}}
{{- $problems := list -}}
{{- range $index, $field := $fields -}}
{{- $text := index $parts $index -}}
{{- range $item := splitList "," $text -}}
{{- with include "openclaw.cronItemProblem" (dict "item" $item "field" $field) -}}
{{- $problems = append $problems (printf "%s %q %s" $field.name $text .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with $problems }}{{ $said }}: {{ first . }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* What is wrong with one item of a field's list: a number, a name, a range, "*", each perhaps with a step. Takes a dict of item and field. */}}
{{- define "openclaw.cronItemProblem" -}}
{{- $field := .field -}}
{{- if not (regexMatch "^([*?]|[0-9]{1,2}(-[0-9]{1,2})?|[A-Za-z]{3}(-[A-Za-z]{3})?)(/[0-9]{1,2})?$" .item) -}}
is not a number, a range, a step or *
{{- else -}}
{{- $range := index (splitList "/" .item) 0 -}}
{{- if and (contains "/" .item) (eq (atoi (last (splitList "/" .item))) 0) -}}
has a step of 0
{{- else if not (has $range (list "*" "?")) -}}
{{- $numbers := list -}}
{{- $problem := "" -}}
{{- range $bound := splitList "-" $range -}}
{{- if regexMatch "^[0-9]+$" $bound -}}
{{- $numbers = append $numbers (atoi $bound) -}}
{{- else if has (lower $bound) $field.names -}}
{{- range $index, $name := $field.names -}}
{{- if eq $name (lower $bound) }}{{ $numbers = append $numbers (add $index $field.min | int) }}{{ end -}}
{{- end -}}
{{- else -}}
{{- $problem = printf "has the unknown name %s" $bound -}}
{{- end -}}
{{- end -}}
{{- if $problem -}}
{{ $problem }}
{{- else if or (lt (first $numbers) $field.min) (gt (last $numbers) $field.max) (gt (first $numbers) (last $numbers)) -}}
is not within {{ $field.min }}-{{ $field.max }}, from low to high
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}
