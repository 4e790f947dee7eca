troupe_fuzzer(storage_records
  SOURCES storage_records_fuzz.cpp "${PROJECT_SOURCE_DIR}/storage/keys.cpp" "${PROJECT_SOURCE_DIR}/storage/records.cpp"
  LINK troupe_base troupe_schemas)
