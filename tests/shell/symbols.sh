#!/usr/bin/env bash
# The float and the double build are linked into one program: all that is Bijou's must stand in bijou::f32 or bijou::f64.
# Else the linker would keep one of two functions that differ, or refuse. Both archives may hold instantiations of the
# standard library's templates without Bijou's types.
set -u
cd "$(dirname "$0")/../.." || exit
f32=build/f32/libbijou.a f64=build/f64/libbijou.a

for archive in $f32 $f64; do
  if [[ ! -e $archive ]]; then
    echo "skip - symbols: there is no $archive"
    exit 0
  fi
done

# The global symbols that an archive defines, demangled: "<kind> <name>"; kinds V, W, v, w and u may be defined twice.
symbols() { nm -C --defined-only "$1" 2>/dev/null | sed -nE 's/^[0-9a-f]+ ([A-Zuvw]) (.*)$/\1 \2/p' | sort -u; }

verdict() {  # verdict <name> <what is wrong, a line each>
  if [[ -z $2 ]]; then
    echo "ok - $1"
  else
    echo "not ok - $1: $(head -n 5 <<<"$2" | tr '\n' ';') $(wc -l <<<"$2") in all"
  fi
}

count=$(symbols $f32 | grep -c 'bijou::f32::')
((count > 100)) || { echo "not ok - symbols: nm finds only $count of Bijou's in $f32"; exit 1; }
shared=$(comm -12 <(symbols $f32) <(symbols $f64))
library='(^[VWvwu] |[ *&])((typeinfo( name)?|vtable|VTT|guard variable) for )?(std|__gnu_cxx|nlohmann)::|^[Vvu] DW\.ref\.'

verdict "symbols: no strong one is in both builds" "$(grep -vE '^[VWvwu] ' <<<"$shared" | grep .)"
verdict "symbols: none that both builds share is Bijou's" "$(grep -v ' DW\.ref\.' <<<"$shared" | grep 'bijou')"
verdict "symbols: both builds share only the standard library's and the JSON reader's templates" \
  "$(grep -vE "$library" <<<"$shared" | grep .)"
for scalar in f32 f64; do
  other=$([[ $scalar == f32 ]] && echo f64 || echo f32)
  verdict "symbols: all of Bijou's in the $scalar build are in bijou::$scalar" \
    "$(symbols build/$scalar/libbijou.a | grep -v ' DW\.ref\.' | grep 'bijou' | grep -v "bijou::$scalar\b")"
  verdict "symbols: the $scalar build defines nothing of bijou::$other" \
    "$(symbols build/$scalar/libbijou.a | grep "bijou::$other\b")"
done
