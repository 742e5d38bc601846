//! Packs made by libgit2 and read by it and by us; spoiled ones.

use std::collections::BTreeSet;

use super::*;

/// A repository of one pack, with the ids of its objects.
struct Made {
    dir: tempfile::TempDir,
    odb: git2::Odb<'static>,
    ids: BTreeSet<ObjectId>,
}

/// Versions of a few files, each a little different from the one before, so that most are told as differences.
fn made() -> Made {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let repo = git2::Repository::init_bare(dir.path()).expect("a new repository");
    let mut builder = repo.packbuilder().expect("a pack builder");
    let mut tree = repo.treebuilder(None).expect("a tree builder");
    for file in 0..20 {
        let lines = if file == 19 { 6_000 } else { 60 };
        let mut lines: Vec<String> = (0..lines).map(|line| format!("{file} {line} {}\n", line * 7919)).collect();
        for version in 0..12 {
            lines[version * 4] = format!("version {version}\n");
            let blob = repo.blob(lines.concat().as_bytes()).expect("a blob");
            builder.insert_object(blob, Some(&format!("file-{file}"))).expect("inserting works");
            tree.insert(format!("file-{file}-{version}"), blob, 0o100_644).expect("a tree entry");
        }
        let id = tree.write().expect("a tree");
        builder.insert_object(id, Some("")).expect("inserting works");
    }
    let empty = repo.blob(b"").expect("a blob");
    builder.insert_object(empty, None).expect("inserting works");
    builder.write(&dir.path().join("objects/pack"), 0o644).expect("a pack");
    drop(builder);
    drop(tree);
    let odb = git2::Odb::new().expect("a database");
    odb.add_disk_alternate(dir.path().join("objects").to_str().expect("UTF-8")).expect("it is there");
    let mut ids = BTreeSet::new();
    odb.foreach(|oid| {
        ids.extend(ObjectId::from_bytes(oid.as_bytes()));
        true
    })
    .expect("listing works");
    drop(repo);
    Made { dir, odb, ids }
}

impl Made {
    fn packs(&self) -> Packs {
        Packs::new(Arc::new(PackFiles::open(std::iter::once(&*self.dir.path().join("objects")), 20)))
    }

    fn pack_file(&self) -> PathBuf {
        let entries = fs::read_dir(self.dir.path().join("objects/pack")).expect("it is there");
        let mut paths = entries.map(|entry| entry.expect("readable").path());
        paths.find(|path| path.extension().is_some_and(|extension| extension == "pack")).expect("there is a pack")
    }

    fn by_library(&self, id: ObjectId) -> Object {
        let oid = git2::Oid::from_bytes(id.as_bytes()).expect("20 bytes");
        let object = self.odb.read(oid).expect("libgit2 reads it");
        (ObjectKind::from_library(object.kind()).expect("a type"), object.data().into())
    }
}

#[test]
fn every_object_is_what_libgit2_reads() {
    let made = made();
    assert_eq!(made.ids.len(), 20 * 12 + 20 + 1);
    compare(&made, &made.packs());
    let index = made.pack_file().with_extension("idx");
    compare(&made, &Packs::new(Arc::new(PackFiles::of(&[index], 20, (0, 0)))));
}

fn compare(made: &Made, packs: &Packs) {
    for &id in made.ids.iter().chain(made.ids.iter().rev()) {
        let found = packs.read(id).expect("it is in the pack");
        let expected = made.by_library(id);
        assert!(found.0 == expected.0 && found.1 == expected.1, "{id}");
    }
    assert!(packs.bases.borrow().len() > 20, "few objects are told as differences: {}", packs.bases.borrow().len());
    assert!(packs.read(ObjectId::from_bytes(&[7; 20]).expect("20 bytes")).is_none());
    assert!(packs.read(ObjectId::from_bytes(&[7; 32]).expect("32 bytes")).is_none());
}

#[test]
fn a_damaged_pack_is_left_to_libgit2() {
    let made = made();
    let path = made.pack_file();
    let good = fs::read(&path).expect("readable");
    let expected: Vec<Object> = made.ids.iter().map(|&id| made.by_library(id)).collect();
    let mut spoiled = 0;
    for at in (12..good.len() - 20).step_by(good.len() / 60) {
        let mut bad = good.clone();
        bad[at] ^= 0x55;
        // Written anew, as libgit2 has the old one mapped.
        fs::remove_file(&path).expect("it is ours");
        fs::write(&path, &bad).expect("the directory is writable");
        let packs = made.packs();
        for (&id, expected) in made.ids.iter().zip(&expected) {
            match packs.read(id) {
                Some(found) => assert!(found.1 == expected.1, "{id} differs with byte {at} spoiled"),
                None => spoiled += 1,
            }
        }
    }
    assert!(spoiled > 60, "{spoiled}");
}

#[test]
fn a_cut_off_pack_or_index_is_no_pack() {
    let made = made();
    let (pack, index) = (made.pack_file(), made.pack_file().with_extension("idx"));
    let whole = fs::read(&index).expect("readable");
    fs::remove_file(&index).expect("it is ours");
    for len in [0, 7, 100, 1032, whole.len() / 2, whole.len() - 41] {
        fs::write(&index, &whole[..len]).expect("the directory is writable");
        assert!(made.packs().files.packs.is_empty(), "cut to {len}");
    }
    fs::write(&index, &whole).expect("the directory is writable");
    let data = fs::read(&pack).expect("readable");
    fs::remove_file(&pack).expect("it is ours");
    fs::write(&pack, &data[..data.len() / 2]).expect("the directory is writable");
    let packs = made.packs();
    let found = made.ids.iter().filter(|&&id| packs.read(id).is_some()).count();
    assert!(0 < found && found < made.ids.len(), "{found}");
    fs::write(&pack, b"PACX").expect("the directory is writable");
    assert!(made.packs().files.packs.is_empty());
}
