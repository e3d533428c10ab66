#!/bin/sh
# Makes the media of `cargo run --release --example call`: twelve seconds of
# speech, camera and screen pictures, each compressed by the codec's usual
# encoder. The files are checked in; run this only to change them.
#
# Usage:     ./make.sh [FOLDER]     (default: the folder of this script)
# Needs:     ffmpeg with libopus, libvpx, libx264 and libaom; espeak-ng; a
#            monospaced font known to fontconfig. Debian 12:
#            apt-get install ffmpeg espeak-ng fonts-dejavu-core
# Takes:     about 20 seconds; writes 1.0 MB.
# Repeats:   one thread an encoder and bit-exact containers, so the same
#            versions of the programs on the same kind of processor write the
#            same octets. Other versions write other, equally good, files.
#
# speech.ogg, speech2.ogg   Opus, 48 kHz mono, 28 kbit/s, 20 ms frames
# camera-h264.h264          H.264 Main, Annex-B, access unit delimiters, 640x360, 30 frames/s, key frame every 2.5 s
# camera-vp8.ivf            VP8, 640x360, 30 frames/s, key frame every 3 s
# screen-av1.ivf            AV1, 640x360, 25 frames/s, key frame every 3 s
set -eu
export LC_ALL=C

seconds=12
out=${1:-$(dirname "$0")}
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

encode() { ffmpeg -nostdin -hide_banner -loglevel error -y "$@"; }
exact='-map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact'
font='font=DejaVu Sans Mono'

# speech VOICE SPEED FILE < TEXT
speech() {
    espeak-ng -v "$1" -s "$2" --stdin -w "$work/voice.wav"
    # shellcheck disable=SC2086 # $exact is a list of options
    encode -i "$work/voice.wav" -af "aresample=48000,apad" -t "$seconds" -ac 1 $exact \
        -c:a libopus -b:a 28k -vbr on -frame_duration 20 -application voip "$out/$3"
}

speech en-gb 150 speech.ogg <<'TEXT'
Good morning. This call goes through a relay that we do not trust.
It can lose frames, repeat them, and alter them.
What it cannot do is hear a single word that I say.
TEXT

speech en-us+f3 152 speech2.ogg <<'TEXT'
I can hear you well, thank you. Every frame that reaches me is, bit by bit,
the frame that you have sent. If the relay alters one, it is refused
before a decoder sees it.
TEXT

# A zoom into the Mandelbrot set: detail everywhere, in every frame.
# shellcheck disable=SC2086
encode -f lavfi -i "mandelbrot=size=640x360:rate=30:start_x=-0.7453:start_y=-0.1127:start_scale=1.2:end_scale=0.004:end_pts=300:maxiter=400:inner=black" \
    -vf "drawtext=$font:text='A  %{pts\:hms}':fontsize=26:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=8:x=16:y=h-th-16,format=yuv420p" \
    -t "$seconds" $exact -c:v libx264 -profile:v main -preset slow -tune zerolatency -threads 1 \
    -b:v 270k -maxrate 400k -bufsize 400k -g 75 -keyint_min 75 -sc_threshold 0 \
    -x264-params "aud=1:repeat-headers=1:slices=1" -f h264 "$out/camera-h264.h264"

# Moving bars, a running counter and colours at full strength.
# shellcheck disable=SC2086
encode -f lavfi -i "testsrc2=size=640x360:rate=30" \
    -vf "drawtext=$font:text='B  %{pts\:hms}':fontsize=26:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=8:x=w-tw-16:y=h-th-16,format=yuv420p" \
    -t "$seconds" $exact -c:v libvpx -threads 1 -deadline good -cpu-used 1 -auto-alt-ref 0 \
    -b:v 250k -maxrate 400k -bufsize 400k -g 90 -keyint_min 90 "$out/camera-vp8.ivf"

# A shared screen: a page that scrolls under a title bar.
cat > "$work/page.txt" <<'TEXT'
Notes                 SFrame in practice                   page 1


   A call through a relay

   The relay forwards the frames of a call and needs no key for it.
   Each participant encrypts a frame whole, as the encoder made it,
   and gives the keys to the other participants alone.

       +-----------+      +---------+      +-----------+
       |  sender   | ---> |  relay  | ---> | receiver  |
       | encrypt() |      |  blind  |      | decrypt() |
       +-----------+      +---------+      +-----------+

   base_key      32 octets, chosen by the customer
   KID           names the key, in the clear
   CTR           counts the frames, never twice the same
   nonce         sframe_salt XOR CTR
   aad           header, then the application's metadata

       frame   ->  header | ciphertext | tag
       header  ->  X KID(3) | Y CTR(3) | KID... | CTR...

   A relay may drop, delay, repeat or alter frames.  Altered and
   repeated frames are refused; a lost frame is lost; what is
   delivered is, bit by bit, what was sent.

   kid=0  ctr=000412  octets=01184  opened
   kid=0  ctr=000413  octets=00093  opened
   kid=1  ctr=000217  octets=00741  opened
   kid=0  ctr=000413  octets=00093  refused: duplicate
   kid=1  ctr=000218  octets=00702  refused: authentication failed
   kid=0  ctr=000414  octets=01202  opened
   kid=0  ctr=000415  octets=00088  opened
TEXT
# shellcheck disable=SC2086
encode -f lavfi -i "color=c=0xfafafa:size=640x360:rate=25" \
    -vf "drawtext=$font:textfile=$work/page.txt:expansion=none:fontsize=14:line_spacing=5:fontcolor=0x202020:x=24:y=44-25*t,drawbox=w=iw:h=30:color=0x2b3a55:t=fill,drawtext=$font:text='Screen of A    %{pts\:hms}':fontsize=15:fontcolor=white:x=12:y=8,drawbox=x=iw-60:y=11:w=8:h=8:color=0xf2c14e:t=fill,drawbox=x=iw-42:y=11:w=8:h=8:color=0x7bc47f:t=fill,drawbox=x=iw-24:y=11:w=8:h=8:color=0xe76f51:t=fill,format=yuv420p" \
    -t "$seconds" $exact -c:v libaom-av1 -threads 1 -row-mt 0 -cpu-used 4 -usage good -lag-in-frames 0 -aom-params tune-content=screen \
    -b:v 200k -g 75 -keyint_min 75 "$out/screen-av1.ivf"

ls -l "$out"
