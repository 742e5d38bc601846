# Only a 1 from coord itself stops git. Missing or failing, coord lets git go on and says so, except with coord.strict.
coord_call() {
  coord_bin=$(command -v coord 2>/dev/null) || coord_bin=
  case $coord_bin in /*) ;; *) coord_bin=@PROGRAM@ ;; esac
  coord_code=0
  if [ ! -x "$coord_bin" ]; then coord_code=missing
  elif [ -n "${coord_in+fed}" ]; then printf '%s\n' "$coord_in" 2>/dev/null | "$coord_bin" hook "$@" || coord_code=$?
  else "$coord_bin" hook "$@" </dev/null || coord_code=$?
  fi
  case $coord_code.${COORD_SKIP:-0} in 0.* | 1.*) return "$coord_code" ;; *.0) ;; *) return 0 ;; esac
  case $1 in post-*) return 0 ;; esac # nothing was left unchecked
  echo "coord: $1 was not checked: '$coord_bin' is missing or failed ($coord_code); coord doctor says more" >&2
  case ${COORD_STRICT:-$(git config --type=bool coord.strict 2>/dev/null)} in true | 1 | yes | on) return 1 ;; esac
}
coord_hook() {
  case $1.${COORD_FOREGROUND-} in
  post-*.) coord_call "$@" >/dev/null 2>&1 & ;; # git does not wait, and whoever reads git's output need not
  post-*) coord_call "$@" || : ;;
  *) coord_call "$@" ;;
  esac
}
case ${COORD_FED:+fed}@NAME@.${1-} in
fed*) unset COORD_FED ;; # second run, for the lines below this block: coord has read its copy of the input
pre-push.* | post-rewrite.* | reference-transaction.prepared)
  coord_in=$(cat)
  case @NAME@.$coord_in in reference-transaction.*refs/heads/* | p*) coord_hook @NAME@ "$@" || exit 1 ;; esac
  @AGAIN@ ;;
reference-transaction.*) ;;
*) coord_hook @NAME@ "$@" || exit 1 ;;
esac
