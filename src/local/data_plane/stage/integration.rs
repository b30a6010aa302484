//! What a method calls: mocks and HTTP back ends, with parameter mapping and templates.
