//! Compressing a page: level 1, since a Pi's processor is dearer than its
//! network, with one state for all pages.

use bytes::{Bytes, BytesMut};
use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// Member header of RFC 1952: deflate, no name, no time, unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// A compressor.
#[derive(Debug)]
pub struct Gzip {
    state: Compress,
    room: BytesMut,
}

impl Default for Gzip {
    fn default() -> Self {
        Self { state: Compress::new(Compression::fast(), false), room: BytesMut::new() }
    }
}

impl Gzip {
    /// The page as one gzip member; `None` when the compressor gives up, which
    /// it does not with room enough.
    pub fn compress(&mut self, page: &[u8]) -> Option<Bytes> {
        // What cannot be compressed grows by some bytes a block.
        let most = HEADER.len() + page.len() + page.len() / 1000 + 64;
        self.room.clear();
        self.room.resize(most, 0);
        self.room[..HEADER.len()].copy_from_slice(&HEADER);
        self.state.reset();
        let status = self
            .state
            .compress(page, &mut self.room[HEADER.len()..], FlushCompress::Finish)
            .ok()?;
        if status != Status::StreamEnd {
            return None;
        }
        let written = usize::try_from(self.state.total_out()).ok()?;
        self.room.truncate(HEADER.len() + written);
        let mut crc = Crc::new();
        crc.update(page);
        self.room.extend_from_slice(&crc.sum().to_le_bytes());
        self.room.extend_from_slice(&crc.amount().to_le_bytes());
        // What is served is as long as it is; the room, as long as the page was,
        // is for the next one.
        Some(Bytes::copy_from_slice(&self.room))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_compressed_comes_back(pages in prop::collection::vec(any::<Vec<u8>>(), 1..4)) {
            let mut gzip = Gzip::default();
            for page in pages {
                let packed = gzip.compress(&page).unwrap();
                let mut unpacked = Vec::new();
                GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
                prop_assert_eq!(unpacked, page);
            }
        }
    }

    #[test]
    fn a_page_gets_much_smaller() {
        let page = "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 1234.56\n".repeat(500);
        assert!(Gzip::default().compress(page.as_bytes()).unwrap().len() < page.len() / 10);
    }
}
