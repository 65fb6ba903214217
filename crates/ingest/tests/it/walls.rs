//! What ingest must never know.

use std::path::Path;

#[test]
fn ingest_knows_no_database() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = std::fs::read_to_string(here.join("Cargo.toml")).unwrap();
    assert!(!manifest.contains("diesel") && !manifest.contains("postgres"));
    let mut files = 0;
    let mut folders = vec![here.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for name in ["storage", "diesel", "config.database", "tokio_postgres"] {
                assert!(!text.contains(name), "{} names {name}", path.display());
            }
            files += 1;
        }
    }
    assert!(files > 20, "looked at {files} files only");
}
