;; The two passes of a separable 8-bit resize (resize.ts): weights in 1/2^22, sums in 32 bits, rounded and clipped to 8 bits.
;; `npm run generate` turns this into resizeKernel.ts. All pointers and lengths are bytes, but `first` and `length`, which
;; count pixels or lines. Memory must reach 16 bytes beyond each region: loads and stores run over, and what they spill
;; is written again or never read.
(module
  (memory (export "memory") 1)

  ;; Along each of `rows` rows: output pixel x is the sum over `length[x]` source pixels from `first[x]` on.
  ;; A pixel (red, green, blue, and the next one's red) fills one vector.
  (func (export "columns")
    (param $source i32) (param $sourceRow i32) (param $target i32) (param $rows i32)
    (param $count i32) (param $first i32) (param $length i32) (param $weights i32) (param $stride i32)
    (local $x i32) (local $from i32) (local $weight i32) (local $end i32) (local $sum v128)
    (loop $row
      (local.set $x (i32.const 0))
      (loop $pixel
        (local.set $from (i32.add (local.get $source)
          (i32.mul (i32.const 3) (i32.load (i32.add (local.get $first) (i32.shl (local.get $x) (i32.const 2)))))))
        (local.set $weight (i32.add (local.get $weights) (i32.mul (local.get $x) (local.get $stride))))
        (local.set $end (i32.add (local.get $weight)
          (i32.shl (i32.load (i32.add (local.get $length) (i32.shl (local.get $x) (i32.const 2)))) (i32.const 2))))
        (local.set $sum (v128.const i32x4 0x200000 0x200000 0x200000 0x200000)) ;; one half
        (loop $tap
          (local.set $sum (i32x4.add (local.get $sum)
            (i32x4.mul (i32x4.extend_low_i16x8_u (i16x8.extend_low_i8x16_u (v128.load32_zero (local.get $from))))
              (v128.load32_splat (local.get $weight)))))
          (local.set $from (i32.add (local.get $from) (i32.const 3)))
          (br_if $tap (i32.lt_u (local.tee $weight (i32.add (local.get $weight) (i32.const 4))) (local.get $end))))
        (local.set $sum (i32x4.shr_s (local.get $sum) (i32.const 22)))
        (local.set $sum (i16x8.narrow_i32x4_s (local.get $sum) (local.get $sum)))
        (v128.store32_lane 0 (local.get $target) (i8x16.narrow_i16x8_u (local.get $sum) (local.get $sum)))
        (local.set $target (i32.add (local.get $target) (i32.const 3)))
        (br_if $pixel (i32.lt_u (local.tee $x (i32.add (local.get $x) (i32.const 1))) (local.get $count))))
      (local.set $source (i32.add (local.get $source) (local.get $sourceRow)))
      (br_if $row (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; Output line y, of `rowLength` bytes, is the sum over `length[y]` source lines from `first[y]` on; 16 bytes at a time.
  (func (export "rows")
    (param $source i32) (param $sourceRow i32) (param $target i32) (param $rowLength i32)
    (param $count i32) (param $first i32) (param $length i32) (param $weights i32) (param $stride i32)
    (local $lines i32) (local $at i32) (local $from i32) (local $weight i32) (local $end i32)
    (local $bytes v128) (local $half v128) (local $factor v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $half (v128.const i32x4 0x200000 0x200000 0x200000 0x200000))
    (loop $line
      (local.set $lines (i32.add (local.get $source) (i32.mul (local.get $sourceRow) (i32.load (local.get $first)))))
      (local.set $end (i32.add (local.get $weights) (i32.shl (i32.load (local.get $length)) (i32.const 2))))
      (local.set $at (i32.const 0))
      (loop $block
        (local.set $a (local.get $half)) (local.set $b (local.get $half))
        (local.set $c (local.get $half)) (local.set $d (local.get $half))
        (local.set $from (i32.add (local.get $lines) (local.get $at)))
        (local.set $weight (local.get $weights))
        (loop $tap
          (local.set $factor (v128.load32_splat (local.get $weight)))
          (local.set $bytes (i16x8.extend_low_i8x16_u (v128.load (local.get $from))))
          (local.set $a (i32x4.add (local.get $a) (i32x4.mul (i32x4.extend_low_i16x8_u (local.get $bytes)) (local.get $factor))))
          (local.set $b (i32x4.add (local.get $b) (i32x4.mul (i32x4.extend_high_i16x8_u (local.get $bytes)) (local.get $factor))))
          (local.set $bytes (i16x8.extend_high_i8x16_u (v128.load (local.get $from))))
          (local.set $c (i32x4.add (local.get $c) (i32x4.mul (i32x4.extend_low_i16x8_u (local.get $bytes)) (local.get $factor))))
          (local.set $d (i32x4.add (local.get $d) (i32x4.mul (i32x4.extend_high_i16x8_u (local.get $bytes)) (local.get $factor))))
          (local.set $from (i32.add (local.get $from) (local.get $sourceRow)))
          (br_if $tap (i32.lt_u (local.tee $weight (i32.add (local.get $weight) (i32.const 4))) (local.get $end))))
        (v128.store (i32.add (local.get $target) (local.get $at))
          (i8x16.narrow_i16x8_u
            (i16x8.narrow_i32x4_s (i32x4.shr_s (local.get $a) (i32.const 22)) (i32x4.shr_s (local.get $b) (i32.const 22)))
            (i16x8.narrow_i32x4_s (i32x4.shr_s (local.get $c) (i32.const 22)) (i32x4.shr_s (local.get $d) (i32.const 22)))))
        (br_if $block (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $rowLength))))
      (local.set $target (i32.add (local.get $target) (local.get $rowLength)))
      (local.set $weights (i32.add (local.get $weights) (local.get $stride)))
      (local.set $first (i32.add (local.get $first) (i32.const 4)))
      (local.set $length (i32.add (local.get $length) (i32.const 4)))
      (br_if $line (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))))
