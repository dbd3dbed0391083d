//! Bytes to text, for Japanese mail as it really is (filled by the extraction room's author).
