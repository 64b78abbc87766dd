mock "tfplan/v2" {
  module {
    source = "mocks/pass-key-managed-elsewhere-plan.sentinel"
  }
}

mock "tfconfig/v2" {
  module {
    source = "mocks/config.sentinel"
  }
}

mock "tfstate/v2" {
  module {
    source = "mocks/state.sentinel"
  }
}

import "module" "buckets" {
  source = "../../../../modules/buckets/buckets.sentinel"
}

import "module" "documents" {
  source = "../../../../modules/documents/documents.sentinel"
}

import "module" "plan" {
  source = "../../../../modules/plan/plan.sentinel"
}

import "module" "report" {
  source = "../../../../modules/report/report.sentinel"
}

param "other_keys" {
  value = ["arn:aws:kms:us-east-1:111122223333:key/other"]
}

test {
  rules = {
    main = true
  }
}
