//! The part of `FlatBuffers` that Arrow's messages need: tables whose members are numbers, texts, tables or vectors.

/// One member of a table.
#[derive(Clone, Debug)]
pub(super) enum Member {
    /// Left out.
    Absent,
    U8(u8),
    I16(i16),
    I32(i32),
    I64(i64),
    /// Something that stands elsewhere.
    Link(Node),
}

/// Something that stands on its own and is pointed at.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// Members in the order of their ids.
    Table(Vec<Member>),
    Text(String),
    /// Pointers to all of them.
    Nodes(Vec<Node>),
    /// Structures of two numbers each.
    Pairs(Vec<(i64, i64)>),
}

impl Member {
    fn size(&self) -> usize {
        match self {
            Member::Absent => 0,
            Member::U8(_) => 1,
            Member::I16(_) => 2,
            Member::I32(_) | Member::Link(_) => 4,
            Member::I64(_) => 8,
        }
    }
}

/// Writes a table as a whole buffer, whose length is a multiple of eight.
pub(super) fn buffer(root: Vec<Member>) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    let place = write(&mut bytes, &Node::Table(root));
    put_u32(&mut bytes, 0, place);
    pad(&mut bytes, 8, 0);
    bytes
}

/// Writes a node behind what is there and says where it begins. Pointers lead forward only, so that whatever is
/// pointed at can be written after what points at it.
fn write(bytes: &mut Vec<u8>, node: &Node) -> usize {
    match node {
        Node::Table(members) => write_table(bytes, members),
        Node::Text(text) => {
            pad(bytes, 4, 0);
            let place = bytes.len();
            push_length(bytes, text.len());
            bytes.extend_from_slice(text.as_bytes());
            bytes.push(0);
            place
        }
        Node::Nodes(nodes) => {
            pad(bytes, 4, 0);
            let place = bytes.len();
            push_length(bytes, nodes.len());
            bytes.resize(bytes.len() + 4 * nodes.len(), 0);
            for (number, node) in nodes.iter().enumerate() {
                link(bytes, place + 4 + 4 * number, node);
            }
            place
        }
        Node::Pairs(pairs) => {
            // The length comes right before the first structure, which is aligned to eight.
            pad(bytes, 8, 4);
            let place = bytes.len();
            push_length(bytes, pairs.len());
            for (first, second) in pairs {
                bytes.extend_from_slice(&first.to_le_bytes());
                bytes.extend_from_slice(&second.to_le_bytes());
            }
            place
        }
    }
}

/// A table: where its members are, then the members, the largest first so that all are aligned.
fn write_table(bytes: &mut Vec<u8>, members: &[Member]) -> usize {
    let mut order: Vec<usize> = (0..members.len()).filter(|at| members[*at].size() > 0).collect();
    order.sort_by_key(|at| std::cmp::Reverse(members[*at].size()));
    let mut offsets = vec![0_usize; members.len()];
    // Four bytes say where the list of places is; numbers of eight bytes begin at the next multiple.
    let mut end = if order.first().is_some_and(|at| members[*at].size() == 8) {
        8
    } else {
        4
    };
    for at in order {
        offsets[at] = end;
        end += members[at].size();
    }
    pad(bytes, 2, 0);
    let list = bytes.len();
    let sizes = [4 + 2 * members.len(), end];
    for number in sizes.iter().chain(&offsets) {
        let number = u16::try_from(*number).unwrap_or(u16::MAX);
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    pad(bytes, 8, 0);
    let place = bytes.len();
    bytes.resize(place + end, 0);
    put_u32(bytes, place, place - list);
    for (member, offset) in members.iter().zip(offsets) {
        let at = place + offset;
        match member {
            Member::Absent => {}
            Member::U8(number) => bytes[at] = *number,
            Member::I16(number) => bytes[at..at + 2].copy_from_slice(&number.to_le_bytes()),
            Member::I32(number) => bytes[at..at + 4].copy_from_slice(&number.to_le_bytes()),
            Member::I64(number) => bytes[at..at + 8].copy_from_slice(&number.to_le_bytes()),
            Member::Link(node) => link(bytes, at, node),
        }
    }
    place
}

/// Writes a node and lets `at` point to it.
fn link(bytes: &mut Vec<u8>, at: usize, node: &Node) {
    let place = write(bytes, node);
    put_u32(bytes, at, place - at);
}

fn put_u32(bytes: &mut [u8], at: usize, number: usize) {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
}

fn push_length(bytes: &mut Vec<u8>, length: usize) {
    let at = bytes.len();
    bytes.resize(at + 4, 0);
    put_u32(bytes, at, length);
}

/// Fills up until `ahead` bytes before a multiple of `unit`.
fn pad(bytes: &mut Vec<u8>, unit: usize, ahead: usize) {
    while !(bytes.len() + ahead).is_multiple_of(unit) {
        bytes.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn u32_at(bytes: &[u8], at: usize) -> usize {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
    }

    fn u16_at(bytes: &[u8], at: usize) -> usize {
        usize::from(u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap()))
    }

    #[test]
    fn members_are_found_where_the_list_says_and_are_aligned() {
        let pairs = Node::Pairs(vec![(1, 2), (3, -4)]);
        let bytes = buffer(vec![
            Member::U8(7),
            Member::Absent,
            Member::I64(-5),
            Member::Link(Node::Text("äb".to_owned())),
            Member::Link(pairs),
        ]);
        assert_eq!(bytes.len() % 8, 0);
        let table = u32_at(&bytes, 0);
        let list = table - u32_at(&bytes, table);
        assert_eq!(u16_at(&bytes, list), 4 + 2 * 5);
        let member = |id: usize| table + u16_at(&bytes, list + 4 + 2 * id);
        assert_eq!(bytes[member(0)], 7);
        assert_eq!(member(1), table, "an absent member has no place");
        assert_eq!(member(2) % 8, 0);
        assert_eq!(bytes[member(2)..member(2) + 8], (-5_i64).to_le_bytes());
        let text = member(3) + u32_at(&bytes, member(3));
        assert_eq!(
            (u32_at(&bytes, text), &bytes[text + 4..text + 8]),
            (3, "äb\0".as_bytes())
        );
        let pairs = member(4) + u32_at(&bytes, member(4));
        assert_eq!((u32_at(&bytes, pairs), (pairs + 4) % 8), (2, 0));
        assert_eq!(bytes[pairs + 28..pairs + 36], (-4_i64).to_le_bytes());
    }
}
