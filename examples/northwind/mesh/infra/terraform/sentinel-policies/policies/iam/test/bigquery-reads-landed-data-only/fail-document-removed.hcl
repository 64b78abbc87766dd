mock "tfplan/v2" {
  module {
    source = "mocks/fail-document-removed-plan.sentinel"
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

import "module" "identity" {
  source = "../../../../modules/identity/identity.sentinel"
}

import "module" "plan" {
  source = "../../../../modules/plan/plan.sentinel"
}

import "module" "report" {
  source = "../../../../modules/report/report.sentinel"
}

param "omni_vpcs" {
  value = {
    "us-east-1" = "vpc-0bf63a2e71287dace"
  }
}

test {
  rules = {
    main = false
  }
}
