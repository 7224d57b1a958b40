// Generated from openapi.json by `npm run client`. Do not edit.
export interface paths {
    "/api/v1/annotations/{annotation_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Annotation
         * @description One annotation version with its pixels, its image, what the model said and what was said since.
         */
        get: operations["get_annotation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/annotations/{annotation_id}/fix": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Fix Annotation
         * @description Answer a region in its author's place: wins over everything said of it until it is undone.
         *
         *     409 as for a review. The same request again gives the same fix.
         */
        post: operations["fix_annotation"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/annotations/{annotation_id}/review": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Review Annotation
         * @description Accept an answer, or return it with a comment: then it leaves training and goes back to its author.
         *
         *     409 when the author has answered again, somebody fixed it, or it has a verdict already (undo that first);
         *     the same request again changes nothing. 403 for one's own answer while somebody else can review it.
         */
        post: operations["review_annotation"];
        /**
         * Undo Review
         * @description Take back one's own verdict, or one's own fix; owners take back anybody's. Twice changes nothing.
         *
         *     At any time: what was trained meanwhile keeps the versions it saw. 409 when a returned answer has been
         *     answered again.
         */
        delete: operations["undo_review"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/assignments/{assignment_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Assignment
         * @description One of the caller's own assignments, whatever became of it.
         */
        get: operations["get_assignment"];
        put?: never;
        post?: never;
        /**
         * Give Assignment Back
         * @description Put a region back into the queue; giving it back twice is fine.
         */
        delete: operations["give_assignment_back"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/assignments/{assignment_id}/annotation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Submit Annotation
         * @description Answer a region. The same request again gives the same answer; another one makes the next version.
         *
         *     409 when the region has gone to somebody else (the work is kept as a draft) or the answer has been
         *     reviewed.
         */
        put: operations["submit_annotation"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/assignments/{assignment_id}/draft": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Draft
         * @description The caller's draft: unfinished work, or an answer that came too late.
         */
        get: operations["get_draft"];
        /**
         * Save Draft
         * @description Keep unfinished work over what was kept before.
         */
        put: operations["save_draft"];
        post?: never;
        /**
         * Drop Draft
         * @description Forget the draft of this assignment; forgetting it twice is fine.
         */
        delete: operations["drop_draft"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/assignments/{assignment_id}/renew": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Renew Assignment
         * @description Keep a region for another lease; also one that ran out while nobody else took it.
         */
        post: operations["renew_assignment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/assignments/{assignment_id}/skip": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Skip Assignment
         * @description Put a region aside: not offered to the caller again this round; after two skips an owner decides.
         */
        post: operations["skip_assignment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Sign In By Link
         * @description The printed link: signs in as the built-in admin and leads to the page.
         */
        get: operations["sign_in_by_link"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Login
         * @description Sign in with a password: sets the session cookie and the readable CSRF cookie.
         */
        post: operations["login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Logout
         * @description End this browser's session; without one there is nothing to do.
         */
        post: operations["logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/exports/{export_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Export
         * @description One export.
         */
        get: operations["get_export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/exports/{export_id}/file": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Export File
         * @description The zip, whole or a range of it; for those who may ask for one. 409 until it is done.
         */
        get: operations["get_export_file"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/images/{image_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Image
         * @description One image; a hidden one is shown to owners.
         */
        get: operations["get_image"];
        put?: never;
        post?: never;
        /**
         * Hide Image
         * @description Take an image out of everything: its annotations leave training and exports. `restore` undoes it.
         */
        delete: operations["hide_image"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/images/{image_id}/crop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Crop
         * @description A box of the upright image as PNG, made smaller when its longer side is above `max_px`.
         */
        get: operations["get_crop"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/images/{image_id}/file": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get File
         * @description The image as every model and page sees it: upright 8-bit RGB, as JPEG or PNG.
         */
        get: operations["get_file"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/images/{image_id}/label_map": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Label Map
         * @description What is known: the uploaded truth, over it what people said; 255 where nobody was asked, 254 void.
         */
        get: operations["get_label_map"];
        /**
         * Put Label Map
         * @description Keep a full ground truth: an 8-bit index PNG of the image's size, 254 void, 255 unlabelled.
         *
         *     The same label map again changes nothing; another one becomes the next version, and the latest counts.
         */
        put: operations["put_label_map"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/images/{image_id}/max_prob": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Max Prob
         * @description How sure the model is of the class it predicts, 0..255, by the active model or the one named.
         */
        get: operations["get_max_prob"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/images/{image_id}/original": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Original
         * @description The uploaded bytes, untouched, as a download.
         */
        get: operations["get_original"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/images/{image_id}/prediction": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Prediction
         * @description The class index of every pixel, by the active model or the one named.
         */
        get: operations["get_prediction"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/images/{image_id}/region_map": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Region Map
         * @description The region of each pixel, a uint16 PNG.
         */
        get: operations["get_region_map"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/images/{image_id}/regions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Regions
         * @description All regions of an image with what has become of each: unasked, open, leased or answered.
         */
        get: operations["get_regions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/images/{image_id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore Image
         * @description Bring a hidden image back, with everything that was said of it.
         */
        post: operations["restore_image"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/images/{image_id}/scores": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Scores
         * @description The heat map, higher = asked first, by the active model or the one named.
         *
         *     Made smaller when its longer side is above `max_px`.
         */
        get: operations["get_scores"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/images/{image_id}/segments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Segments
         * @description The finer segments for the superpixel tool, a uint16 PNG: of a box, or of the whole image.
         */
        get: operations["get_segments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/images/{image_id}/thumbnail": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Thumbnail
         * @description A small JPEG. One that a job has not made yet is made on the spot.
         */
        get: operations["get_thumbnail"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{job_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Job
         * @description One job.
         */
        get: operations["get_job"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{job_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel Job
         * @description Stop a job: a waiting one at once, a running one within seconds. 409 when it has ended.
         */
        post: operations["cancel_job"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Me
         * @description The caller.
         */
        get: operations["me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/me/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Change Password
         * @description Change one's own password; this browser stays signed in, others do not; all tokens are revoked.
         */
        put: operations["change_password"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/methods": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Methods
         * @description Methods, acquisitions, encoders and settings, with defaults, bounds and help.
         *
         *     With a project, each method's defaults are those its next round would have: fitted to its pool and to the
         *     devices of the workers.
         */
        get: operations["get_methods"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/model_versions/{model_version_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Model Version
         * @description One model version with its loss curve and settings.
         */
        get: operations["get_model_version"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/model_versions/{model_version_id}/activate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Activate Model Version
         * @description Make the project use this version, back or forward, and rank what waits and nobody holds by it.
         *
         *     Regions of images whose scores were cleaned up keep their order, behind the others, until `job` has scored
         *     them again and ranked once more.
         */
        post: operations["activate_model_version"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/model_versions/{model_version_id}/weights": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Weights
         * @description The weights as a safetensors file.
         */
        get: operations["get_weights"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Projects
         * @description The caller's projects, newest first; an admin sees all. `deleted=true` lists the deleted ones.
         */
        get: operations["list_projects"];
        put?: never;
        /**
         * Create Project
         * @description Make a project; its maker becomes its owner.
         */
        post: operations["create_project"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Project
         * @description One project.
         */
        get: operations["get_project"];
        put?: never;
        post?: never;
        /**
         * Delete Project
         * @description Take a project out of sight. Nothing is lost: `restore` or PATCH `{"deleted": false}` undoes it.
         */
        delete: operations["delete_project"];
        options?: never;
        head?: never;
        /**
         * Change Project
         * @description Change what is given.
         *
         *     `label_classes` renames and recolours by index (or by name, without one) and appends what is new;
         *     classes not mentioned stay. `partition` may change until images are uploaded and cut into regions.
         *     `{"deleted": false}` brings a deleted project back.
         */
        patch: operations["change_project"];
        trace?: never;
    };
    "/api/v1/projects/{project_id}/agreement": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Agreement
         * @description How well people agree on regions that were asked twice: overall, per class and per annotator.
         *
         *     The regions themselves are paged, those people agree on least first.
         */
        get: operations["get_agreement"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project_id}/annotation_counts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Count Annotations
         * @description How many annotation versions are in each state; an annotator's own only.
         */
        get: operations["count_annotations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project_id}/annotations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Annotations
         * @description A project's annotation versions in the order they were made; an annotator's own only.
         */
        get: operations["list_annotations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project_id}/archives": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Upload Archive
         * @description Upload many images at once; the job's results say what became of each file.
         *
         *     Without `split` the archive has the folders `images/<split>/`, and may have `labels/<split>/` and
         *     `classes.json`.
         */
        post: operations["upload_archive"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project_id}/assignments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Held Assignments
         * @description What the caller holds now: a page that was reloaded goes on with it.
         */
        get: operations["list_held_assignments"];
        put?: never;
        /**
         * Claim Assignment
         * @description Lease what was returned to the caller, else the best-ranked region nobody holds and is new to them.
         */
        post: operations["claim_assignment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project_id}/costs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Costs
         * @description What the answers of each round cost people, in all and per region. For owners.
         */
        get: operations["get_costs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project_id}/drafts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Drafts
         * @description What the caller has painted and not submitted, in whatever browser, and answers that came too late.
         *
         *     Work on a region they have skipped, given back or answered since is not listed.
         */
        get: operations["list_drafts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project_id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Events
         * @description The audit log of a project, newest first; owners only.
         */
        get: operations["list_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project_id}/events/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow Project
         * @description Notices of a project: `round`, `queue`, `annotation`, `job` and others, each with `what` happened.
         *
         *     Owners are told who did it and the details, and after `Last-Event-ID` everything they missed; others only
         *     which kinds of notices they missed.
         */
        get: operations["follow_project"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project_id}/exports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Exports
         * @description A project's exports, newest first.
         */
        get: operations["list_exports"];
        put?: never;
        /**
         * Create Export
         * @description Have a zip made; for reviewers and owners.
         */
        post: operations["create_export"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project_id}/images": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Images
         * @description Images by filename; `q` finds a part of it, `hidden=true` lists the hidden ones instead.
         */
        get: operations["list_images"];
        put?: never;
        /**
         * Upload Images
         * @description Upload images: each file is created, existing or rejected with a reason. It may be repeated.
         *
         *     Existing images whose preparation ended badly are prepared again.
         */
        post: operations["upload_images"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project_id}/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Jobs
         * @description A project's jobs, newest first.
         */
        get: operations["list_jobs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project_id}/learning_curve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Learning Curve
         * @description A row a round, also where there is no metric, and whether asking on is expected to pay.
         *
         *     What it cost is for owners. Nothing reads test to decide: the suggestion looks at validation or the audit.
         */
        get: operations["get_learning_curve"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project_id}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Members
         * @description A project's members.
         */
        get: operations["list_members"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project_id}/members/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set Member
         * @description Make a user a member, or change what they are; owners only.
         */
        put: operations["set_member"];
        post?: never;
        /**
         * Remove Member
         * @description Take a member out; what they annotated stays. Owners only.
         */
        delete: operations["remove_member"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project_id}/model_versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Model Versions
         * @description A project's model versions, newest first.
         */
        get: operations["list_model_versions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project_id}/queue": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Queue
         * @description What waits for answers, and why the caller would or would not get something now.
         */
        get: operations["get_queue"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project_id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore Project
         * @description Bring a deleted project back.
         */
        post: operations["restore_project"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project_id}/rounds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Rounds
         * @description A project's rounds by number.
         */
        get: operations["list_rounds"];
        put?: never;
        /**
         * Start Round
         * @description Start the next round.
         *
         *     Settings that are not given are the method's; training size and steps are those that fit the pool and the
         *     workers' devices (`GET /methods?project_id=` lists them). 409 while another one is queued, training,
         *     scoring or selecting. Images that are still being prepared are waited for: the round is queued with them.
         */
        post: operations["start_round"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/projects/{project_id}/skipped_queries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Skipped Queries
         * @description The owner's list: regions skipped too often to be offered any more, with the reasons.
         */
        get: operations["list_skipped_queries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/region_queries/{query_id}/offer_again": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Offer Query Again
         * @description Put a skipped region back into the queue, for whoever has not skipped it.
         */
        post: operations["offer_query_again"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rounds/{round_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get Round
         * @description One round with its jobs.
         */
        get: operations["get_round"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rounds/{round_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel Round
         * @description Stop a round that is queued, training, scoring or selecting; cancelling twice is fine.
         */
        post: operations["cancel_round"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rounds/{round_id}/close": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Close Round
         * @description End an annotating or failed round and take back what nobody holds; closing a closed one is fine.
         */
        post: operations["close_round"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rounds/{round_id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow Round
         * @description A round as it goes: `state` (the round), `progress` of its running jobs, `metrics`.
         *
         *     Starts with how it stands, or after `Last-Event-ID` with what was missed.
         */
        get: operations["follow_round"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rounds/{round_id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Retry Round
         * @description Queue a failed round again; training goes on from its last checkpoint.
         */
        post: operations["retry_round"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Tokens
         * @description The caller's tokens that were not revoked, without their secrets.
         */
        get: operations["list_tokens"];
        put?: never;
        /**
         * Create Token
         * @description Make a token that acts as the caller.
         */
        post: operations["create_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/tokens/{token_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke Token
         * @description Make a token useless, at once.
         */
        delete: operations["revoke_token"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List Users
         * @description All users; for admins, and their names for owners, who choose members among them.
         */
        get: operations["list_users"];
        put?: never;
        /**
         * Create User
         * @description Make a user; admins only.
         */
        post: operations["create_user"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change User
         * @description Set a password, make or unmake an admin, disable or enable; admins only.
         */
        patch: operations["change_user"];
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Healthz
         * @description 200 when the process is alive.
         */
        get: operations["healthz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics
         * @description Prometheus text.
         */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Readyz
         * @description 200 when the database, the blobs and a worker answer; else 503 with the reasons.
         *
         *     A queue that no worker serves is `missing`: its jobs wait, everything else works.
         */
        get: operations["readyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * Acquisition
         * @description What makes a region worth asking; higher = ask first.
         * @enum {string}
         */
        Acquisition: "bald" | "bvsb" | "coreset" | "entropy" | "least_confidence" | "margin" | "prototype_distance" | "random" | "ripu";
        /**
         * AcquisitionOut
         * @description An acquisition function.
         */
        AcquisitionOut: {
            /** Help */
            help: string;
            name: components["schemas"]["Acquisition"];
        };
        /**
         * Activated
         * @description The version a project uses from now on, how many queries have new places, and what still runs.
         */
        Activated: {
            /** Compute Seconds */
            compute_seconds: number;
            /** Created At */
            created_at: string;
            /** Encoder */
            encoder: string;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Image Steps */
            image_steps: number;
            /** Is Active */
            is_active: boolean;
            /** @description scores what was cleaned up and ranks once more; null = done */
            job: components["schemas"]["JobOut"] | null;
            /** Labelled Fraction */
            labelled_fraction: number;
            method: components["schemas"]["Method"];
            metrics: components["schemas"]["RoundMetrics"] | null;
            /** Num Ranked Again */
            num_ranked_again: number;
            /** Number */
            number: number;
            /** Round */
            round: number;
            /**
             * Round Id
             * Format: uuid
             */
            round_id: string;
            /** Weights Url */
            weights_url: string;
        };
        /**
         * AgreementOut
         * @description How well people agree in a project.
         *
         *     `num_waiting` regions are still to be answered a second time. `regions`: those people agree on least
         *     first, a page of them; the numbers are of all `num_regions`, whatever the page.
         */
        AgreementOut: {
            /** Annotators */
            annotators: components["schemas"]["AnnotatorAgreement"][];
            /** Iou Per Class */
            iou_per_class: (number | null)[];
            /** Kappa */
            kappa: number | null;
            /** Next Cursor */
            next_cursor?: string | null;
            /** Num Pixels */
            num_pixels: number;
            /** Num Regions */
            num_regions: number;
            /** Num Waiting */
            num_waiting: number;
            /** Pixel Agreement */
            pixel_agreement: number | null;
            /** Regions */
            regions: components["schemas"]["AnsweredTwiceOut"][];
            /** Void Iou */
            void_iou: number | null;
        };
        /**
         * AnnotationCounts
         * @description Annotation versions by state; `submitted` is what is left to review.
         */
        AnnotationCounts: {
            /** Accepted */
            accepted: number;
            /** Fixed */
            fixed: number;
            /** Returned */
            returned: number;
            /** Submitted */
            submitted: number;
            /** Superseded */
            superseded: number;
            /** Undone */
            undone: number;
        };
        /**
         * AnnotationDetail
         * @description Everything a reviewer looks at.
         *
         *     `prediction_png` is what the model said when the region was asked, and its author saw (of
         *     `model_version_id`); `prediction_now_png` what the active model says (of `model_version_now_id`). Both
         *     null where there is none. `history` holds everything that was said of the region, this version too,
         *     oldest first: versions, fixes, and what somebody else answered where it was asked twice.
         */
        AnnotationDetail: {
            /** Annotation Seconds */
            annotation_seconds: number | null;
            /** Assignment Id */
            assignment_id: string | null;
            /** Bbox */
            bbox: [
                number,
                number,
                number,
                number
            ];
            /** Created At */
            created_at: string;
            /** Crop Bbox */
            crop_bbox: [
                number,
                number,
                number,
                number
            ];
            /** Crop Url */
            crop_url: string;
            /** Fixes Annotation Id */
            fixes_annotation_id: string | null;
            /** History */
            history: components["schemas"]["AnnotationPixels"][];
            /**
             * Id
             * Format: uuid
             */
            id: string;
            image: components["schemas"]["QueriedImage"];
            /**
             * Image Id
             * Format: uuid
             */
            image_id: string;
            kind: components["schemas"]["AnnotationKind"];
            /** Label Map Png */
            label_map_png: string;
            /** Model Version Id */
            model_version_id: string | null;
            /** Model Version Now Id */
            model_version_now_id: string | null;
            /** Num Clicks */
            num_clicks: number | null;
            /** Num Keys */
            num_keys: number | null;
            /** Num Strokes */
            num_strokes: number | null;
            /** Num Void Px */
            num_void_px: number;
            /** Prediction Now Png */
            prediction_now_png: string | null;
            /** Prediction Png */
            prediction_png: string | null;
            purpose: components["schemas"]["QueryPurpose"];
            region: components["schemas"]["QueriedRegion"];
            /** Region Index */
            region_index: number;
            /**
             * Region Query Id
             * Format: uuid
             */
            region_query_id: string;
            /** Reviews */
            reviews: components["schemas"]["ReviewOut"][];
            /** Round */
            round: number;
            state: components["schemas"]["AnnotationState"];
            /**
             * User Id
             * Format: uuid
             */
            user_id: string;
            /** Username */
            username: string;
            /** Version */
            version: number;
        };
        /**
         * AnnotationKind
         * @description `exact`: every pixel was looked at. `dominant`: one class for a whole superpixel.
         * @enum {string}
         */
        AnnotationKind: "exact" | "dominant";
        /**
         * AnnotationOut
         * @description One annotation version. What it cost is null for anybody but owners and the author.
         *
         *     `state`: `submitted` waits for a review; `accepted`; `returned` to its author, and out of training until
         *     they answer again; `superseded` by a later version; `fixed` by a reviewer; `undone`, a fix taken back. A
         *     fix says in `fixes_annotation_id` what it stands in for, and is `accepted` while it stands.
         */
        AnnotationOut: {
            /** Annotation Seconds */
            annotation_seconds: number | null;
            /** Assignment Id */
            assignment_id: string | null;
            /** Bbox */
            bbox: [
                number,
                number,
                number,
                number
            ];
            /** Created At */
            created_at: string;
            /** Fixes Annotation Id */
            fixes_annotation_id: string | null;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Image Id
             * Format: uuid
             */
            image_id: string;
            kind: components["schemas"]["AnnotationKind"];
            /** Num Clicks */
            num_clicks: number | null;
            /** Num Keys */
            num_keys: number | null;
            /** Num Strokes */
            num_strokes: number | null;
            /** Num Void Px */
            num_void_px: number;
            purpose: components["schemas"]["QueryPurpose"];
            /** Region Index */
            region_index: number;
            /**
             * Region Query Id
             * Format: uuid
             */
            region_query_id: string;
            /** Reviews */
            reviews: components["schemas"]["ReviewOut"][];
            /** Round */
            round: number;
            state: components["schemas"]["AnnotationState"];
            /**
             * User Id
             * Format: uuid
             */
            user_id: string;
            /** Username */
            username: string;
            /** Version */
            version: number;
        };
        /**
         * AnnotationPixels
         * @description An annotation with its pixels: base64 index PNG of the bbox, 255 outside the region.
         */
        AnnotationPixels: {
            /** Annotation Seconds */
            annotation_seconds: number | null;
            /** Assignment Id */
            assignment_id: string | null;
            /** Bbox */
            bbox: [
                number,
                number,
                number,
                number
            ];
            /** Created At */
            created_at: string;
            /** Fixes Annotation Id */
            fixes_annotation_id: string | null;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Image Id
             * Format: uuid
             */
            image_id: string;
            kind: components["schemas"]["AnnotationKind"];
            /** Label Map Png */
            label_map_png: string;
            /** Num Clicks */
            num_clicks: number | null;
            /** Num Keys */
            num_keys: number | null;
            /** Num Strokes */
            num_strokes: number | null;
            /** Num Void Px */
            num_void_px: number;
            purpose: components["schemas"]["QueryPurpose"];
            /** Region Index */
            region_index: number;
            /**
             * Region Query Id
             * Format: uuid
             */
            region_query_id: string;
            /** Reviews */
            reviews: components["schemas"]["ReviewOut"][];
            /** Round */
            round: number;
            state: components["schemas"]["AnnotationState"];
            /**
             * User Id
             * Format: uuid
             */
            user_id: string;
            /** Username */
            username: string;
            /** Version */
            version: number;
        };
        /**
         * AnnotationState
         * @description Where one annotation version stands; worked out from versions, reviews and fixes, never stored.
         *
         *     A fix is `accepted` while it stands and `undone` after; what it fixes is `fixed` meanwhile.
         * @enum {string}
         */
        AnnotationState: "submitted" | "accepted" | "returned" | "fixed" | "superseded" | "undone";
        /**
         * AnnotatorAgreement
         * @description One person against all others who answered the same regions.
         */
        AnnotatorAgreement: {
            /** Iou Per Class */
            iou_per_class: (number | null)[];
            /** Kappa */
            kappa: number | null;
            /** Num Pixels */
            num_pixels: number;
            /** Num Regions */
            num_regions: number;
            /** Pixel Agreement */
            pixel_agreement: number | null;
            /**
             * User Id
             * Format: uuid
             */
            user_id: string;
            /** Username */
            username: string;
            /** Void Iou */
            void_iou: number | null;
        };
        /**
         * AnswerBody
         * @description An answer to the region: every pixel inside a class or 254, every one outside 255.
         *
         *     `seconds_spent`, `num_clicks`, `num_strokes` and `num_keys` are what this answer took; a changed answer
         *     sends what the change took.
         */
        AnswerBody: {
            /** @default exact */
            kind: components["schemas"]["AnnotationKind"];
            /**
             * Label Map Png
             * @description base64 of an 8-bit index PNG of the region's box
             */
            label_map_png: string;
            /** Num Clicks */
            num_clicks: number;
            /**
             * Num Keys
             * @default 0
             */
            num_keys: number;
            /**
             * Num Strokes
             * @default 0
             */
            num_strokes: number;
            /** Seconds Spent */
            seconds_spent: number;
        };
        /**
         * AnswerTaken
         * @description The annotation an answer became.
         */
        AnswerTaken: {
            /**
             * Annotation Id
             * Format: uuid
             */
            annotation_id: string;
            /** Version */
            version: number;
        };
        /**
         * AnsweredTwiceOut
         * @description A region two people answered, and how alike their answers are.
         */
        AnsweredTwiceOut: {
            /** Annotation Ids */
            annotation_ids: [
                string,
                string
            ];
            /** Bbox */
            bbox: [
                number,
                number,
                number,
                number
            ];
            /** Filename */
            filename: string;
            /**
             * Image Id
             * Format: uuid
             */
            image_id: string;
            /** Kappa */
            kappa: number | null;
            /** Pixel Agreement */
            pixel_agreement: number;
            /** Region Index */
            region_index: number;
            /** Round */
            round: number;
            /** Usernames */
            usernames: [
                string,
                string
            ];
        };
        /**
         * AssignmentOut
         * @description A region in the caller's hands until `lease_expires_at`.
         *
         *     `returned` is set where a reviewer wants another answer of the caller: any answer through this assignment
         *     is the next version, the same pixels too.
         */
        AssignmentOut: {
            /** Crop Bbox */
            crop_bbox: [
                number,
                number,
                number,
                number
            ];
            /** Crop Url */
            crop_url: string;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            image: components["schemas"]["QueriedImage"];
            /** Lease Expires At */
            lease_expires_at: string;
            /** Model Version Id */
            model_version_id: string | null;
            /** Prediction Png */
            prediction_png: string | null;
            region: components["schemas"]["QueriedRegion"];
            region_query: components["schemas"]["QueryOut"];
            returned?: components["schemas"]["ReturnedAnswer"] | null;
            /** Segments Url */
            segments_url: string;
            /** State */
            state: string;
        };
        /**
         * AuditMetrics
         * @description Mean IoU estimated from regions asked at random, with its interval.
         */
        AuditMetrics: {
            /** High */
            high?: number | null;
            /** Low */
            low?: number | null;
            /** Mean Iou */
            mean_iou?: number | null;
        } & {
            [key: string]: unknown;
        };
        /**
         * CostItem
         * @description What the answers of one round cost people.
         *
         *     The sums are of all answers, changes and fixes; a median is of what was spent on each region in all.
         */
        CostItem: {
            /** Annotation Seconds */
            annotation_seconds: number;
            /** Clicks */
            clicks: number;
            /** Keys */
            keys: number;
            /** Median Clicks */
            median_clicks: number;
            /** Median Keys */
            median_keys: number;
            /** Median Seconds */
            median_seconds: number;
            /** Median Strokes */
            median_strokes: number;
            /** Num Regions */
            num_regions: number;
            /** Round */
            round: number;
            /** Strokes */
            strokes: number;
        };
        /**
         * Costs
         * @description Every round that has answers, by number.
         */
        Costs: {
            /** Items */
            items: components["schemas"]["CostItem"][];
        };
        /**
         * CreatedToken
         * @description A new token: the only time its secret is shown.
         */
        CreatedToken: {
            /** Created At */
            created_at: string;
            /** Expires At */
            expires_at: string | null;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Last Used At */
            last_used_at: string | null;
            /** Name */
            name: string;
            /** Token */
            token: string;
        };
        /**
         * Curve
         * @description A row a round, also where there is no metric, and what the curve suggests.
         */
        Curve: {
            /** Items */
            items: components["schemas"]["CurveItem"][];
            suggestion: components["schemas"]["SuggestionOut"];
        };
        /**
         * CurveItem
         * @description One round of the learning curve.
         *
         *     `annotated_regions`, `clicks`, `strokes`, `keys` and `annotation_seconds` are cumulative: everything
         *     people had said when the round's model was trained (when the round was started, if it trained none). Each
         *     change to an answer adds what it cost; a region counts once. The costs are null for anybody but owners.
         *     `low` and `high` are the interval of an audit.
         */
        CurveItem: {
            /** Annotated Regions */
            annotated_regions: number;
            /** Annotation Seconds */
            annotation_seconds: number | null;
            /** Clicks */
            clicks: number | null;
            /** High */
            high: number | null;
            /** Iou Per Class */
            iou_per_class: (number | null)[] | null;
            /** Keys */
            keys: number | null;
            /** Labelled Fraction */
            labelled_fraction: number | null;
            /** Low */
            low: number | null;
            /** Mean Iou */
            mean_iou: number | null;
            /** Model Version Id */
            model_version_id: string | null;
            /** On */
            on: string | null;
            /** Round */
            round: number;
            /** Strokes */
            strokes: number | null;
        };
        /**
         * DraftBody
         * @description Unfinished work; pixels inside the region may still be 255.
         */
        DraftBody: {
            /**
             * Label Map Png
             * @description base64 of an 8-bit index PNG of the region's box
             */
            label_map_png: string;
            /**
             * Num Clicks
             * @default 0
             */
            num_clicks: number;
            /**
             * Num Keys
             * @default 0
             */
            num_keys: number;
            /**
             * Num Strokes
             * @default 0
             */
            num_strokes: number;
            /**
             * Seconds Spent
             * @default 0
             */
            seconds_spent: number;
        };
        /**
         * DraftItem
         * @description One draft in the list: what it belongs to and how old it is, without its pixels.
         */
        DraftItem: {
            /** Age Seconds */
            age_seconds: number;
            /**
             * Assignment Id
             * Format: uuid
             */
            assignment_id: string;
            /** Bbox */
            bbox: [
                number,
                number,
                number,
                number
            ];
            /** Filename */
            filename: string;
            /**
             * Image Id
             * Format: uuid
             */
            image_id: string;
            /** Is Late Answer */
            is_late_answer: boolean;
            /**
             * Region Query Id
             * Format: uuid
             */
            region_query_id: string;
            /** Updated At */
            updated_at: string;
        };
        /**
         * DraftList
         * @description The caller's drafts that no answer has replaced, the latest first.
         */
        DraftList: {
            /** Items */
            items: components["schemas"]["DraftItem"][];
        };
        /**
         * DraftOut
         * @description A kept draft. `is_late_answer`: a submit that came after the region had gone to somebody else.
         */
        DraftOut: {
            /**
             * Assignment Id
             * Format: uuid
             */
            assignment_id: string;
            /** Is Late Answer */
            is_late_answer: boolean;
            /** Label Map Png */
            label_map_png: string;
            /** Num Clicks */
            num_clicks: number;
            /** Num Keys */
            num_keys: number;
            /** Num Strokes */
            num_strokes: number;
            /** Seconds Spent */
            seconds_spent: number;
            /** Updated At */
            updated_at: string;
        };
        /**
         * EventOut
         * @description One line of the audit log.
         */
        EventOut: {
            /** Created At */
            created_at: string;
            /** Id */
            id: number;
            /** Kind */
            kind: string;
            /** Payload */
            payload: {
                [key: string]: unknown;
            };
            /** Round Id */
            round_id: string | null;
            /** User Id */
            user_id: string | null;
            /** Username */
            username: string | null;
        };
        /**
         * ExportContent
         * @description What an export holds.
         * @enum {string}
         */
        ExportContent: "annotations" | "predictions" | "both";
        /**
         * ExportFormat
         * @description Formats the API names; the server says which it writes today.
         * @enum {string}
         */
        ExportFormat: "index_png" | "coco_rle" | "coco_panoptic" | "voc" | "cityscapes" | "camvid" | "cvat" | "label_studio" | "hf";
        /**
         * ExportOut
         * @description An export; its file is there once it is done.
         */
        ExportOut: {
            /** Content */
            content: string;
            /** Created At */
            created_at: string;
            /** Error */
            error: string | null;
            /** File Url */
            file_url: string | null;
            /** Format */
            format: string;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Project Id
             * Format: uuid
             */
            project_id: string;
            /** Size Bytes */
            size_bytes: number | null;
            state: components["schemas"]["JobState"];
        };
        /**
         * FixBody
         * @description A reviewer's own answer in place of another: every pixel of the region a class or 254, else 255.
         */
        FixBody: {
            /** @default exact */
            kind: components["schemas"]["AnnotationKind"];
            /**
             * Label Map Png
             * @description base64 of an 8-bit index PNG of the region's box
             */
            label_map_png: string;
            /**
             * Num Clicks
             * @default 0
             */
            num_clicks: number;
            /**
             * Num Keys
             * @default 0
             */
            num_keys: number;
            /**
             * Num Strokes
             * @default 0
             */
            num_strokes: number;
            /**
             * Seconds Spent
             * @default 0
             */
            seconds_spent: number;
        };
        /**
         * GroundTruthOut
         * @description An uploaded label map.
         */
        GroundTruthOut: {
            /**
             * Image Id
             * Format: uuid
             */
            image_id: string;
            /** Labelled Fraction */
            labelled_fraction: number;
            /** Num Labelled Px */
            num_labelled_px: number;
            /** Version */
            version: number;
        };
        /**
         * Health
         * @description All is well; or well enough, with what is missing.
         */
        Health: {
            /**
             * Missing
             * @default []
             */
            missing: string[];
            /**
             * Status
             * @default ok
             */
            status: string;
        };
        /**
         * HeldAssignments
         * @description What the caller holds now, best rank first.
         */
        HeldAssignments: {
            /** Items */
            items: components["schemas"]["AssignmentOut"][];
        };
        /**
         * ImageCounts
         * @description Images that are not hidden, by split.
         */
        ImageCounts: {
            /** Pool */
            pool: number;
            /** Test */
            test: number;
            /** Validation */
            validation: number;
        };
        /**
         * ImageDetails
         * @description An image by itself.
         */
        ImageDetails: {
            /** Created At */
            created_at: string;
            /** File Url */
            file_url: string;
            /** Filename */
            filename: string;
            /** Format */
            format: string;
            /** Has Ground Truth */
            has_ground_truth: boolean;
            /** Height */
            height: number;
            /** Hidden At */
            hidden_at: string | null;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Labelled Fraction */
            labelled_fraction: number;
            /** Notes */
            notes: unknown[];
            /** Num Bytes */
            num_bytes: number;
            /** Original Url */
            original_url: string;
            /**
             * Project Id
             * Format: uuid
             */
            project_id: string;
            /** Ready */
            ready: boolean;
            /** Sha256 */
            sha256: string;
            split: components["schemas"]["Split"];
            /** Thumbnail Url */
            thumbnail_url: string;
            /** Width */
            width: number;
        };
        /**
         * ImageOut
         * @description An image in a list.
         */
        ImageOut: {
            /** Created At */
            created_at: string;
            /** Filename */
            filename: string;
            /** Height */
            height: number;
            /** Hidden At */
            hidden_at: string | null;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Labelled Fraction */
            labelled_fraction: number;
            /**
             * Project Id
             * Format: uuid
             */
            project_id: string;
            /** Ready */
            ready: boolean;
            split: components["schemas"]["Split"];
            /** Thumbnail Url */
            thumbnail_url: string;
            /** Width */
            width: number;
        };
        /**
         * JobKind
         * @description What a job does. `segloop_worker.pipeline` alone decides which follows which.
         * @enum {string}
         */
        JobKind: "archive" | "ingest" | "features" | "train" | "evaluate" | "score" | "select" | "predict" | "rank" | "export" | "clean_up";
        /**
         * JobOut
         * @description A background run.
         */
        JobOut: {
            /** Attempt */
            attempt: number;
            /** Created At */
            created_at: string;
            /** Error */
            error: string | null;
            /** Finished At */
            finished_at: string | null;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Is Cancel Requested */
            is_cancel_requested: boolean;
            kind: components["schemas"]["JobKind"];
            /** Progress */
            progress: {
                [key: string]: unknown;
            };
            /** Progress Fraction */
            progress_fraction: number;
            /** Project Id */
            project_id: string | null;
            /** Results */
            results: {
                [key: string]: unknown;
            } | null;
            /** Round Id */
            round_id: string | null;
            /** Started At */
            started_at: string | null;
            state: components["schemas"]["JobState"];
            /** Waiting Reason */
            waiting_reason: string | null;
        };
        /**
         * JobStarted
         * @description A job that was queued.
         */
        JobStarted: {
            job: components["schemas"]["JobOut"];
        };
        /**
         * JobState
         * @description A background run. `running` with a lease in the past means its worker died.
         * @enum {string}
         */
        JobState: "queued" | "running" | "done" | "failed" | "cancelled";
        /**
         * KeptImageOut
         * @description An image that was created, or existed before.
         */
        KeptImageOut: {
            /** Filename */
            filename: string;
            /** Height */
            height: number;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Is Hidden
             * @default false
             */
            is_hidden: boolean;
            /**
             * Notes
             * @default []
             */
            notes: string[];
            /** Width */
            width: number;
        };
        /**
         * LabelClassChange
         * @description A class to be changed, found by `index`, or without one by `name`; a new name is appended.
         */
        LabelClassChange: {
            /** Color */
            color?: string | null;
            /** Description */
            description?: string | null;
            /** Example */
            example?: string | null;
            /** Index */
            index?: number | null;
            /**
             * Merged Into
             * @description ignored: so that what was read can be sent back
             */
            merged_into?: number | null;
            /** Name */
            name?: string | null;
        };
        /**
         * LabelClassOut
         * @description A class.
         */
        LabelClassOut: {
            /** Color */
            color: string;
            /** Description */
            description: string;
            /** Example */
            example: string;
            /** Index */
            index: number;
            /** Merged Into */
            merged_into: number | null;
            /** Name */
            name: string;
        };
        /**
         * Lease
         * @description A renewed lease.
         */
        Lease: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Lease Expires At */
            lease_expires_at: string;
        };
        /**
         * Login
         * @description Who signs in.
         */
        Login: {
            /** Password */
            password: string;
            /** Username */
            username: string;
        };
        /**
         * Me
         * @description The caller.
         */
        Me: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Is Admin */
            is_admin: boolean;
            /** Username */
            username: string;
        };
        /**
         * MemberOut
         * @description A member of a project.
         */
        MemberOut: {
            /** Created At */
            created_at: string;
            role: components["schemas"]["Role"];
            /**
             * User Id
             * Format: uuid
             */
            user_id: string;
            /** Username */
            username: string;
        };
        /**
         * Method
         * @description How a round trains.
         * @enum {string}
         */
        Method: "s4al_plus" | "segloop" | "s4al" | "supervised";
        /**
         * MethodOut
         * @description A method: what it changes in the settings' defaults.
         */
        MethodOut: {
            /** Defaults */
            defaults: {
                [key: string]: unknown;
            };
            /** Help */
            help: string;
            name: components["schemas"]["Method"];
        };
        /**
         * MethodsOut
         * @description Everything a form or a script needs to start a round.
         */
        MethodsOut: {
            /** Acquisitions */
            acquisitions: components["schemas"]["AcquisitionOut"][];
            default_method: components["schemas"]["Method"];
            /** Encoders */
            encoders: string[];
            /** Methods */
            methods: components["schemas"]["MethodOut"][];
            /** Settings */
            settings: components["schemas"]["SettingOut"][];
        };
        /**
         * ModelVersionDetail
         * @description A model version with its loss curve and the settings it was trained by.
         */
        ModelVersionDetail: {
            /** Code Version */
            code_version: string;
            /** Compute Seconds */
            compute_seconds: number;
            /** Created At */
            created_at: string;
            /** Encoder */
            encoder: string;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Image Steps */
            image_steps: number;
            /** Is Active */
            is_active: boolean;
            /** Labelled Fraction */
            labelled_fraction: number;
            /** Loss Curve */
            loss_curve: unknown[];
            method: components["schemas"]["Method"];
            metrics: components["schemas"]["RoundMetrics"] | null;
            /** Num Annotations */
            num_annotations: number;
            /** Num Truths */
            num_truths: number;
            /** Number */
            number: number;
            /** Round */
            round: number;
            /**
             * Round Id
             * Format: uuid
             */
            round_id: string;
            /** Seed */
            seed: number;
            /** Settings */
            settings: {
                [key: string]: unknown;
            };
            /** Weights Url */
            weights_url: string;
        };
        /**
         * ModelVersionOut
         * @description A model: the round that trained it, how good it is, and what it saw.
         */
        ModelVersionOut: {
            /** Compute Seconds */
            compute_seconds: number;
            /** Created At */
            created_at: string;
            /** Encoder */
            encoder: string;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Image Steps */
            image_steps: number;
            /** Is Active */
            is_active: boolean;
            /** Labelled Fraction */
            labelled_fraction: number;
            method: components["schemas"]["Method"];
            metrics: components["schemas"]["RoundMetrics"] | null;
            /** Number */
            number: number;
            /** Round */
            round: number;
            /**
             * Round Id
             * Format: uuid
             */
            round_id: string;
            /** Weights Url */
            weights_url: string;
        };
        /**
         * NewExport
         * @description An export to be made.
         */
        NewExport: {
            /** @default annotations */
            content: components["schemas"]["ExportContent"];
            format: components["schemas"]["ExportFormat"];
        };
        /**
         * NewLabelClass
         * @description A class to be made.
         */
        NewLabelClass: {
            /** Color */
            color: string;
            /**
             * Description
             * @default
             */
            description: string;
            /**
             * Example
             * @default
             */
            example: string;
            /** Name */
            name: string;
        };
        /**
         * NewProject
         * @description A project to be made.
         */
        NewProject: {
            /**
             * Guide Markdown
             * @default
             */
            guide_markdown: string;
            /** Label Classes */
            label_classes: components["schemas"]["NewLabelClass"][];
            /** Name */
            name: string;
            partition: components["schemas"]["PartitionIn"];
            /** Simulated Annotator */
            simulated_annotator?: ("off" | "on") | null;
        };
        /**
         * NewRole
         * @description What a member shall be.
         */
        NewRole: {
            role: components["schemas"]["Role"];
        };
        /**
         * NewRound
         * @description What a round is started with; everything may be left out.
         */
        NewRound: {
            acquisition?: components["schemas"]["Acquisition"] | null;
            /** Budget Fraction */
            budget_fraction?: number | null;
            /** Budget Regions */
            budget_regions?: number | null;
            method?: components["schemas"]["Method"] | null;
            /** Settings */
            settings?: {
                [key: string]: unknown;
            };
        };
        /**
         * NewToken
         * @description A token to be made; without a time it is good until it is revoked.
         */
        NewToken: {
            /** Expires In Days */
            expires_in_days?: number | null;
            /** Name */
            name: string;
        };
        /**
         * NewUser
         * @description A user to be made.
         */
        NewUser: {
            /**
             * Is Admin
             * @default false
             */
            is_admin: boolean;
            /** Password */
            password: string;
            /** Username */
            username: string;
        };
        /** Page[AnnotationOut] */
        Page_AnnotationOut_: {
            /** Items */
            items: components["schemas"]["AnnotationOut"][];
            /** Next Cursor */
            next_cursor?: string | null;
        };
        /** Page[EventOut] */
        Page_EventOut_: {
            /** Items */
            items: components["schemas"]["EventOut"][];
            /** Next Cursor */
            next_cursor?: string | null;
        };
        /** Page[ExportOut] */
        Page_ExportOut_: {
            /** Items */
            items: components["schemas"]["ExportOut"][];
            /** Next Cursor */
            next_cursor?: string | null;
        };
        /** Page[ImageOut] */
        Page_ImageOut_: {
            /** Items */
            items: components["schemas"]["ImageOut"][];
            /** Next Cursor */
            next_cursor?: string | null;
        };
        /** Page[JobOut] */
        Page_JobOut_: {
            /** Items */
            items: components["schemas"]["JobOut"][];
            /** Next Cursor */
            next_cursor?: string | null;
        };
        /** Page[MemberOut] */
        Page_MemberOut_: {
            /** Items */
            items: components["schemas"]["MemberOut"][];
            /** Next Cursor */
            next_cursor?: string | null;
        };
        /** Page[ModelVersionOut] */
        Page_ModelVersionOut_: {
            /** Items */
            items: components["schemas"]["ModelVersionOut"][];
            /** Next Cursor */
            next_cursor?: string | null;
        };
        /** Page[ProjectOut] */
        Page_ProjectOut_: {
            /** Items */
            items: components["schemas"]["ProjectOut"][];
            /** Next Cursor */
            next_cursor?: string | null;
        };
        /** Page[RoundOut] */
        Page_RoundOut_: {
            /** Items */
            items: components["schemas"]["RoundOut"][];
            /** Next Cursor */
            next_cursor?: string | null;
        };
        /** Page[SkippedQuery] */
        Page_SkippedQuery_: {
            /** Items */
            items: components["schemas"]["SkippedQuery"][];
            /** Next Cursor */
            next_cursor?: string | null;
        };
        /** Page[TokenOut] */
        Page_TokenOut_: {
            /** Items */
            items: components["schemas"]["TokenOut"][];
            /** Next Cursor */
            next_cursor?: string | null;
        };
        /** Page[UserOut] */
        Page_UserOut_: {
            /** Items */
            items: components["schemas"]["UserOut"][];
            /** Next Cursor */
            next_cursor?: string | null;
        };
        /**
         * PartitionIn
         * @description How images are cut; without a size each image gets sqrt(W * H / 192).
         */
        PartitionIn: {
            kind: components["schemas"]["PartitionKind"];
            /** Size Px */
            size_px?: number | null;
        };
        /**
         * PartitionKind
         * @description What a region is.
         * @enum {string}
         */
        PartitionKind: "grid" | "superpixel";
        /**
         * PartitionOut
         * @description How images are cut.
         */
        PartitionOut: {
            kind: components["schemas"]["PartitionKind"];
            /** Size Px */
            size_px: number | null;
        };
        /**
         * PasswordChange
         * @description One's own password.
         */
        PasswordChange: {
            /** Current Password */
            current_password: string;
            /** Password */
            password: string;
        };
        /**
         * Problem
         * @description RFC 9457: what went wrong.
         */
        Problem: {
            code: components["schemas"]["ProblemCode"];
            /** Detail */
            detail: string;
            /** Errors */
            errors?: {
                [key: string]: string;
            }[] | null;
            /** Status */
            status: number;
            /** Title */
            title: string;
            /** Type */
            type: string;
            /** Values */
            values?: {
                [key: string]: string | number;
            } | null;
        };
        /**
         * ProblemCode
         * @description What a request ran into.
         * @enum {string}
         */
        ProblemCode: "not_signed_in" | "not_allowed" | "not_found" | "method_not_allowed" | "conflict" | "too_large" | "range_not_satisfiable" | "invalid" | "too_many_requests" | "internal" | "not_ready" | "wrong_sign_in" | "too_many_sign_ins" | "too_short" | "username_taken" | "user_disabled" | "last_admin" | "last_owner" | "admins_only" | "role_needed" | "class_name_twice" | "too_many_classes" | "partition_busy" | "partition_fixed" | "too_many_regions" | "regions_not_made" | "pool_empty" | "nothing_labelled" | "round_active" | "round_just_started" | "round_not_cancellable" | "round_not_closable" | "round_not_retriable" | "round_stopping" | "model_without_weights" | "export_without_file" | "too_many_leases" | "answer_settled" | "lease_lost" | "region_given_back" | "region_answered" | "region_of_another" | "answer_outdated" | "answer_fixed" | "answer_reviewed" | "fix_stands" | "fix_was_fixed" | "own_answer" | "verdict_of_another";
        /**
         * ProjectChange
         * @description What may change of a project; absent = stays.
         */
        ProjectChange: {
            /**
             * Deleted
             * @description false brings a deleted project back
             */
            deleted?: false | null;
            /** Guide Markdown */
            guide_markdown?: string | null;
            /** Label Classes */
            label_classes?: components["schemas"]["LabelClassChange"][] | null;
            /** Name */
            name?: string | null;
            partition?: components["schemas"]["PartitionIn"] | null;
            /** Simulated Annotator */
            simulated_annotator?: ("off" | "on") | null;
        };
        /**
         * ProjectOut
         * @description A project, with the caller's role in it.
         */
        ProjectOut: {
            /** Active Model Version Id */
            active_model_version_id: string | null;
            /** Created At */
            created_at: string;
            /** Deleted At */
            deleted_at: string | null;
            /** Guide Markdown */
            guide_markdown: string;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Label Classes */
            label_classes: components["schemas"]["LabelClassOut"][];
            /** Name */
            name: string;
            num_images: components["schemas"]["ImageCounts"];
            partition: components["schemas"]["PartitionOut"];
            role: components["schemas"]["Role"];
            /** Simulated Annotator */
            simulated_annotator: ("off" | "on") | null;
        };
        /**
         * QueriedImage
         * @description The image a region lies in.
         */
        QueriedImage: {
            /** Filename */
            filename: string;
            /** Height */
            height: number;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Url */
            url: string;
            /** Width */
            width: number;
        };
        /**
         * QueriedRegion
         * @description The region: `bbox` is x, y, width, height in image pixels, `mask_png` 255 inside the region.
         */
        QueriedRegion: {
            /** Bbox */
            bbox: [
                number,
                number,
                number,
                number
            ];
            /** Index */
            index: number;
            /** Mask Png */
            mask_png: string;
        };
        /**
         * QueryOut
         * @description The question: how it ranks and why it is asked.
         */
        QueryOut: {
            /**
             * Id
             * Format: uuid
             */
            id: string;
            purpose: components["schemas"]["QueryPurpose"];
            /** Rank */
            rank: number;
            /** Reason */
            reason: {
                [key: string]: unknown;
            };
            /**
             * Round Id
             * Format: uuid
             */
            round_id: string;
            /** Round Number */
            round_number: number;
            /** Score */
            score: number | null;
        };
        /**
         * QueryPurpose
         * @description Why a region is asked.
         * @enum {string}
         */
        QueryPurpose: "selected" | "agreement" | "audit";
        /**
         * QueueOut
         * @description The queue as the caller sees it.
         *
         *     `remaining` counts regions that still want an answer, those somebody holds (`leased`) and those the
         *     caller holds (`mine`) too. `training`: nothing to give out, a round is on its way. `empty`: nothing for
         *     the caller now. `closed`: the last round is over.
         */
        QueueOut: {
            /** Annotated */
            annotated: number;
            /** Budget Regions */
            budget_regions: number | null;
            /** Eta Seconds */
            eta_seconds: number | null;
            /** Leased */
            leased: number;
            /** Mine */
            mine: number;
            /** Remaining */
            remaining: number;
            /** Round Number */
            round_number: number | null;
            state: components["schemas"]["QueueState"];
        };
        /**
         * QueueState
         * @description Why the caller does or does not get a region now.
         * @enum {string}
         */
        QueueState: "ready" | "training" | "empty" | "closed";
        /**
         * RegionOut
         * @description A region: `state` is unasked, open, leased or answered.
         */
        RegionOut: {
            /** Area Px */
            area_px: number;
            /** Bbox */
            bbox: [
                number,
                number,
                number,
                number
            ];
            /** Index */
            index: number;
            /** State */
            state: string;
        };
        /**
         * RegionsOut
         * @description All regions of an image.
         */
        RegionsOut: {
            /** Num Regions */
            num_regions: number;
            /** Region Map Url */
            region_map_url: string;
            /** Regions */
            regions: components["schemas"]["RegionOut"][];
        };
        /**
         * RejectedFile
         * @description A file that was not taken, and why.
         */
        RejectedFile: {
            /** Filename */
            filename: string;
            /** Reason */
            reason: string;
        };
        /**
         * ReturnedAnswer
         * @description The caller's own answer that a reviewer has returned: what to start from, and what is wrong with it.
         */
        ReturnedAnswer: {
            /**
             * Annotation Id
             * Format: uuid
             */
            annotation_id: string;
            /** Comment */
            comment: string;
            /** Label Map Png */
            label_map_png: string;
            /** Reviewer */
            reviewer: string;
            /** Version */
            version: number;
        };
        /**
         * ReviewBody
         * @description A verdict on the last version of an answer.
         */
        ReviewBody: {
            /**
             * Comment
             * @default
             */
            comment: string;
            /**
             * Verdict
             * @enum {string}
             */
            verdict: "accepted" | "returned";
        };
        /**
         * ReviewOut
         * @description One verdict; the last one counts, `undone` takes back what was said before.
         */
        ReviewOut: {
            /** Comment */
            comment: string;
            /** Created At */
            created_at: string;
            /** Reviewer */
            reviewer: string;
            /**
             * Reviewer Id
             * Format: uuid
             */
            reviewer_id: string;
            verdict: components["schemas"]["Verdict"];
        };
        /**
         * Role
         * @description What a member may do in a project, each including the ones after it.
         * @enum {string}
         */
        Role: "owner" | "reviewer" | "annotator" | "viewer";
        /**
         * RoundMetrics
         * @description `mean_iou` is that of `on`, the first that exists of validation, test, audit.
         */
        RoundMetrics: {
            audit?: components["schemas"]["AuditMetrics"] | null;
            /** Mean Iou */
            mean_iou?: number | null;
            /** On */
            on?: string | null;
            test?: components["schemas"]["SplitMetrics"] | null;
            validation?: components["schemas"]["SplitMetrics"] | null;
        } & {
            [key: string]: unknown;
        };
        /**
         * RoundOut
         * @description A round.
         *
         *     `budget_regions` is what was asked for; with a budget in pixels an estimate until the queries are
         *     published, then their number. `labelled_fraction`, `metrics` and `model_version_id` are those of the
         *     model trained at its start.
         */
        RoundOut: {
            acquisition: components["schemas"]["Acquisition"];
            /** Annotated Regions */
            annotated_regions: number;
            /** Budget Fraction */
            budget_fraction: number | null;
            /** Budget Pixels */
            budget_pixels: number | null;
            /** Budget Regions */
            budget_regions: number;
            /** Closed At */
            closed_at: string | null;
            /** Created At */
            created_at: string;
            /** Error */
            error: string | null;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Jobs */
            jobs: components["schemas"]["JobOut"][];
            /** Labelled Fraction */
            labelled_fraction: number | null;
            method: components["schemas"]["Method"];
            metrics: components["schemas"]["RoundMetrics"] | null;
            /** Model Version Id */
            model_version_id: string | null;
            /** Num Queries */
            num_queries: number;
            /** Number */
            number: number;
            /**
             * Project Id
             * Format: uuid
             */
            project_id: string;
            /** Published At */
            published_at: string | null;
            /** Settings */
            settings: {
                [key: string]: unknown;
            };
            state: components["schemas"]["RoundState"];
        };
        /**
         * RoundState
         * @description A round: train -> score -> select -> people annotate -> closed.
         * @enum {string}
         */
        RoundState: "queued" | "training" | "scoring" | "selecting" | "annotating" | "closed" | "failed" | "cancelled";
        /**
         * SettingOut
         * @description One setting of a round.
         */
        SettingOut: {
            /** Choices */
            choices: string[] | null;
            /** Default */
            default: unknown;
            /** Help */
            help: string;
            /** High */
            high: number | null;
            /** Low */
            low: number | null;
            /**
             * Name
             * @enum {string}
             */
            name: "method" | "acquisition" | "encoder" | "encoder_weights" | "image_height_px" | "image_width_px" | "image_steps" | "batch_labelled" | "batch_unlabelled" | "batch_supervised" | "generation_0_share" | "num_generations" | "optimiser" | "lr_encoder" | "lr_heads" | "weight_decay" | "poly_power" | "poly_stairs" | "scale_min" | "scale_max" | "cutout_px" | "cutout_label" | "pseudo_label_threshold" | "pseudo_label_quantile" | "teacher" | "ema_decay" | "keep_ema_weights" | "confidence_weighting" | "mixing" | "loss_means" | "pseudo_label_weight" | "rare_class_power" | "reco_weight" | "reco_negatives" | "reco_num_anchors" | "reco_num_negatives" | "reco_temperature" | "reco_hard_threshold" | "embedding_dim" | "separable_aspp" | "dominant_weight" | "score_scales" | "dropout_passes" | "class_balance" | "cold_start" | "quota" | "image_cap_factor" | "image_share" | "suppress_neighbours" | "top_factor" | "audit_fraction" | "allow_border" | "warm_start" | "warm_lr_factor" | "num_threads" | "device" | "precision" | "deterministic" | "agreement_fraction" | "seed";
            /** Type */
            type: string;
        };
        /**
         * SkipBody
         * @description Why a region is put aside.
         */
        SkipBody: {
            /**
             * Reason
             * @default
             */
            reason: string;
        };
        /**
         * SkippedBy
         * @description One person's skip.
         */
        SkippedBy: {
            /** Reason */
            reason: string;
            /**
             * User Id
             * Format: uuid
             */
            user_id: string;
        };
        /**
         * SkippedQuery
         * @description A region that was skipped too often to stay in the queue.
         */
        SkippedQuery: {
            /** Bbox */
            bbox: [
                number,
                number,
                number,
                number
            ];
            /** Filename */
            filename: string;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /**
             * Image Id
             * Format: uuid
             */
            image_id: string;
            /** Region Index */
            region_index: number;
            /** Skips */
            skips: components["schemas"]["SkippedBy"][];
        };
        /**
         * Split
         * @description What an image is for. Nothing reads `test` to decide anything.
         * @enum {string}
         */
        Split: "pool" | "validation" | "test";
        /**
         * SplitMetrics
         * @description How good a model is on one split.
         */
        SplitMetrics: {
            /** Iou Per Class */
            iou_per_class?: (number | null)[];
            /** Mean Iou */
            mean_iou?: number | null;
            /**
             * Num Images
             * @default 0
             */
            num_images: number;
            /** Pixel Accuracy */
            pixel_accuracy?: number | null;
        } & {
            [key: string]: unknown;
        };
        /**
         * StopRule
         * @description Why to stop.
         * @enum {string}
         */
        StopRule: "budget" | "plateau" | "certainty";
        /**
         * SuggestionOut
         * @description Whether asking on is expected to pay, by which rule and why.
         *
         *     `value` is what the rule looked at (the labelled fraction, the gain in mean IoU, or the last regions'
         *     share of the highest mean score), `limit` what it was compared with.
         */
        SuggestionOut: {
            /** Limit */
            limit: number | null;
            /** Reason */
            reason: string;
            rule: components["schemas"]["StopRule"] | null;
            /** Should Stop */
            should_stop: boolean;
            /** Value */
            value: number | null;
        };
        /**
         * TokenOut
         * @description A token without its secret.
         */
        TokenOut: {
            /** Created At */
            created_at: string;
            /** Expires At */
            expires_at: string | null;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Last Used At */
            last_used_at: string | null;
            /** Name */
            name: string;
        };
        /**
         * UploadResult
         * @description What became of each file of a request.
         */
        UploadResult: {
            /** Created */
            created: components["schemas"]["KeptImageOut"][];
            /** Existing */
            existing: components["schemas"]["KeptImageOut"][];
            /** Job Id */
            job_id?: string | null;
            /** Rejected */
            rejected: components["schemas"]["RejectedFile"][];
        };
        /**
         * UserChange
         * @description What an admin may change of a user; absent = stays.
         */
        UserChange: {
            /** Is Admin */
            is_admin?: boolean | null;
            /** Is Disabled */
            is_disabled?: boolean | null;
            /** Password */
            password?: string | null;
        };
        /**
         * UserOut
         * @description A user; what is not the name is for admins, null for others.
         */
        UserOut: {
            /** Created At */
            created_at?: string | null;
            /**
             * Id
             * Format: uuid
             */
            id: string;
            /** Is Admin */
            is_admin?: boolean | null;
            /** Is Disabled */
            is_disabled?: boolean | null;
            /** Username */
            username: string;
        };
        /**
         * Verdict
         * @description What a reviewer says of an annotation. The last one counts; `undone` takes back the one before.
         * @enum {string}
         */
        Verdict: "accepted" | "returned" | "undone";
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    get_annotation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                annotation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnnotationDetail"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    fix_annotation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                annotation_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FixBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnswerTaken"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    review_annotation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                annotation_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReviewBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnnotationOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    undo_review: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                annotation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnnotationOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_assignment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                assignment_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AssignmentOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    give_assignment_back: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                assignment_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    submit_annotation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                assignment_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AnswerBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnswerTaken"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_draft: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                assignment_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DraftOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    save_draft: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                assignment_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DraftBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DraftOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    drop_draft: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                assignment_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    renew_assignment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                assignment_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Lease"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    skip_assignment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                assignment_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["SkipBody"] | null;
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sign_in_by_link: {
        parameters: {
            query: {
                token: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Login"];
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    logout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_export: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                export_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExportOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_export_file: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                export_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_image: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                image_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImageDetails"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    hide_image: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                image_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_crop: {
        parameters: {
            query: {
                x: number;
                y: number;
                w: number;
                h: number;
                max_px?: number;
            };
            header?: never;
            path: {
                image_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_file: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                image_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_label_map: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                image_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_label_map: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                image_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "image/png": string;
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GroundTruthOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_max_prob: {
        parameters: {
            query?: {
                model_version_id?: string | null;
                x?: number | null;
                y?: number | null;
                w?: number | null;
                h?: number | null;
            };
            header?: never;
            path: {
                image_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description an 8-bit PNG of the image's or the box's size */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/png": unknown;
                };
            };
            /** @description it was cleaned up and is made again by this job */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_original: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                image_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_prediction: {
        parameters: {
            query?: {
                model_version_id?: string | null;
                x?: number | null;
                y?: number | null;
                w?: number | null;
                h?: number | null;
            };
            header?: never;
            path: {
                image_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description an 8-bit PNG of the image's or the box's size */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/png": unknown;
                };
            };
            /** @description it was cleaned up and is made again by this job */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_region_map: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                image_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_regions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                image_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegionsOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    restore_image: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                image_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImageDetails"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_scores: {
        parameters: {
            query?: {
                model_version_id?: string | null;
                max_px?: number | null;
                x?: number | null;
                y?: number | null;
                w?: number | null;
                h?: number | null;
            };
            header?: never;
            path: {
                image_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description an 8-bit PNG of the image's or the box's size */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/png": unknown;
                };
            };
            /** @description it was cleaned up and is made again by this job */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_segments: {
        parameters: {
            query?: {
                x?: number | null;
                y?: number | null;
                w?: number | null;
                h?: number | null;
            };
            header?: never;
            path: {
                image_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_thumbnail: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                image_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_job: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                job_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancel_job: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                job_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    me: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_password: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_methods: {
        parameters: {
            query?: {
                project_id?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MethodsOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_model_version: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model_version_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelVersionDetail"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    activate_model_version: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model_version_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Activated"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_weights: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model_version_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a safetensors file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": unknown;
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_projects: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before */
                cursor?: string | null;
                /** @description items a page */
                limit?: number;
                deleted?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_ProjectOut_"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_project: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewProject"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProjectChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_agreement: {
        parameters: {
            query?: {
                round?: number | null;
                /** @description `next_cursor` of the page before */
                cursor?: string | null;
                /** @description items a page */
                limit?: number;
            };
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AgreementOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    count_annotations: {
        parameters: {
            query?: {
                user?: string | null;
                round?: string | number | null;
                state?: components["schemas"]["AnnotationState"] | null;
                purpose?: components["schemas"]["QueryPurpose"] | null;
            };
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AnnotationCounts"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_annotations: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before */
                cursor?: string | null;
                /** @description items a page */
                limit?: number;
                user?: string | null;
                round?: string | number | null;
                state?: components["schemas"]["AnnotationState"] | null;
                purpose?: components["schemas"]["QueryPurpose"] | null;
            };
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_AnnotationOut_"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    upload_archive: {
        parameters: {
            query?: {
                split?: components["schemas"]["Split"] | null;
            };
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobStarted"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_held_assignments: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HeldAssignments"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    claim_assignment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AssignmentOut"];
                };
            };
            /** @description nothing for the caller now; the queue says why */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_costs: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Costs"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_drafts: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DraftList"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_events: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before */
                cursor?: string | null;
                /** @description items a page */
                limit?: number;
            };
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_EventOut_"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    follow_project: {
        parameters: {
            query?: {
                /** @description the same, without a header */
                after?: number | null;
            };
            header?: {
                /** @description the id the stream broke off at */
                "last-event-id"?: string | null;
            };
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": unknown;
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_exports: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before */
                cursor?: string | null;
                /** @description items a page */
                limit?: number;
            };
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_ExportOut_"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_export: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewExport"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExportOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_images: {
        parameters: {
            query?: {
                split?: components["schemas"]["Split"] | null;
                q?: string | null;
                /** @description `next_cursor` of the page before */
                cursor?: string | null;
                /** @description items a page */
                limit?: number;
                hidden?: boolean;
            };
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_ImageOut_"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    upload_images: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": {
                    /** @description one part a file; its filename keeps its relative path */
                    files: string[];
                    /** @enum {string} */
                    split: "pool" | "validation" | "test";
                };
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UploadResult"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_jobs: {
        parameters: {
            query?: {
                /** @description `active` (queued or running) or any of the states; may be repeated */
                state?: string[];
                /** @description `next_cursor` of the page before */
                cursor?: string | null;
                /** @description items a page */
                limit?: number;
            };
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_JobOut_"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_learning_curve: {
        parameters: {
            query?: {
                /** @description the split the metrics are of; each round's own when left out */
                on?: ("validation" | "test" | "audit") | null;
                /** @description share of the pool's pixels that may be asked before one should stop */
                budget_fraction?: number;
            };
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Curve"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_members: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before */
                cursor?: string | null;
                /** @description items a page */
                limit?: number;
            };
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_MemberOut_"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    set_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: string;
                user_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewRole"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MemberOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    remove_member: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: string;
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_model_versions: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before */
                cursor?: string | null;
                /** @description items a page */
                limit?: number;
            };
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_ModelVersionOut_"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_queue: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueueOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    restore_project: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProjectOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_rounds: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before */
                cursor?: string | null;
                /** @description items a page */
                limit?: number;
            };
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_RoundOut_"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    start_round: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewRound"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoundOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_skipped_queries: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before */
                cursor?: string | null;
                /** @description items a page */
                limit?: number;
            };
            header?: never;
            path: {
                project_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_SkippedQuery_"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    offer_query_again: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                query_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_round: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                round_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoundOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    cancel_round: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                round_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoundOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    close_round: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                round_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoundOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    follow_round: {
        parameters: {
            query?: {
                /** @description the same, without a header */
                after?: number | null;
            };
            header?: {
                /** @description the id the stream broke off at */
                "last-event-id"?: string | null;
            };
            path: {
                round_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": unknown;
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["Problem"];
                };
            };
        };
    };
    retry_round: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                round_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoundOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_tokens: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before */
                cursor?: string | null;
                /** @description items a page */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_TokenOut_"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_token: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewToken"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedToken"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    revoke_token: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                token_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_users: {
        parameters: {
            query?: {
                /** @description `next_cursor` of the page before */
                cursor?: string | null;
                /** @description items a page */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_UserOut_"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_user: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewUser"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                user_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserChange"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserOut"];
                };
            };
            /** @description a problem, as RFC 9457 says it */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    healthz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readyz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description not ready, with the reasons */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
